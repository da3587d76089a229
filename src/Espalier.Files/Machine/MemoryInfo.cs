using System.Globalization;

namespace Espalier.Files;

/// <summary>Memory in bytes: what this process may have in all, and what it could get now.</summary>
/// <param name="Total">In all; 0 where the system does not say.</param>
/// <param name="Available">Now, without pushing anything out; 0 where the system does not say.</param>
internal sealed record MemoryInfo(long Total, long Available)
{
    /// <summary>The machine's memory, or a container's limit where that is lower.</summary>
    public static MemoryInfo Read()
    {
        var machine = Parse(SystemFile.Text("/proc/meminfo"));
        var limit = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return limit > 0 && (limit < machine.Total || machine.Total == 0)
            ? new MemoryInfo(limit, Math.Min(limit, machine.Available)) : machine;
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
