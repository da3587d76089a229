namespace Espalier.Files;

/// <summary>Graphics processors that the NVIDIA driver shows, by name. Empty without a driver.</summary>
internal static class GpuInfo
{
    /// <param name="root">Where the system's folders lie; elsewhere in tests.</param>
    internal static IReadOnlyList<string> Read(string root = "/")
    {
        var folder = Path.Combine(root, "proc/driver/nvidia/gpus");
        if (Directory.Exists(folder))
            return [.. Directory.GetDirectories(folder).Order(StringComparer.Ordinal)
                .Select(gpu => Model(Path.Combine(gpu, "information")))];

        // A container may have the devices without the driver's part of /proc.
        var devices = Path.Combine(root, "dev");
        return Directory.Exists(devices)
            ? [.. Directory.GetFiles(devices, "nvidia*").Select(path => Path.GetFileName(path))
                .Where(IsNumbered).Order(StringComparer.Ordinal)]
            : [];

        static bool IsNumbered(string name) => name.Length > "nvidia".Length && name["nvidia".Length..].All(char.IsAsciiDigit);
    }

    private static string Model(string file)
    {
        const string field = "Model:";
        var line = SystemFile.Text(file).Split('\n').FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal));
        return line is null ? "unknown NVIDIA device" : line[field.Length..].Trim();
    }
}
