namespace Espalier.Cli.Machine;

/// <summary>Graphics processors that the NVIDIA driver shows, by name. Empty without a driver.</summary>
internal static class GpuInfo
{
    internal static IReadOnlyList<string> Read(string root = "/")
    {
        var folder = Path.Combine(root, "proc/driver/nvidia/gpus");
        if (Directory.Exists(folder))
            return [.. Directory.GetDirectories(folder).Order(StringComparer.Ordinal).Select(gpu => Model(Path.Combine(gpu, "information")))];

        // A container may have the devices without the driver's part of /proc.
        var devices = Path.Combine(root, "dev");
        return Directory.Exists(devices)
            ? [.. Directory.GetFiles(devices, "nvidia*").Where(f => char.IsAsciiDigit(f[^1]) && Path.GetFileName(f)[6..].All(char.IsAsciiDigit)).Order(StringComparer.Ordinal).Select(Path.GetFileName).OfType<string>()]
            : [];
    }

    private static string Model(string file)
    {
        const string field = "Model:";
        var line = File.Exists(file) ? File.ReadLines(file).FirstOrDefault(l => l.StartsWith(field, StringComparison.Ordinal)) : null;
        return line is null ? "unknown NVIDIA device" : line[field.Length..].Trim();
    }
}
