namespace Espalier.Files;

/// <summary>Memory in bytes: what this process may have in all, and what it could get now.</summary>
/// <param name="Total">In all; 0 where the system does not say.</param>
/// <param name="Available">Now, without pushing anything out; 0 where the system does not say.</param>
internal sealed record MemoryInfo(long Total, long Available)
{
    /// <summary>The machine's memory, or a container's where that is less.</summary>
    /// <param name="root">Where the system's folders lie; elsewhere in tests.</param>
    public static MemoryInfo Read(string root = "/")
    {
        var machine = Parse(SystemFile.Text(Path.Combine(root, "proc/meminfo")));
        if (machine.Total == 0)
            return new(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, 0);
        return ControlGroup.Memory(root) is { } group && group.Limit < machine.Total
            ? new(group.Limit, Math.Min(group.Left, machine.Available))
            : machine;
    }

    /// <summary>Reads the text of <c>/proc/meminfo</c>.</summary>
    public static MemoryInfo Parse(string text) => new(Field(text, "MemTotal:"), Field(text, "MemAvailable:"));

    private static long Field(string text, string name)
    {
        var line = text.Split('\n').FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal));
        var number = line?[name.Length..].Trim().Split(' ')[0];
        return long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var kibibytes) ? kibibytes * 1024 : 0;
    }
}
