namespace Espalier.Models;

/// <summary>Which units of the processor change how something is best computed.</summary>
public static class ProcessorUnits
{
    private const string Source = "/proc/cpuinfo";

    /// <summary>Whether this processor multiplies matrices in bfloat16: avx512_bf16 or amx_bf16.</summary>
    public static bool HasBfloat16 { get; } = File.Exists(Source) && Bfloat16In(File.ReadLines(Source));

    /// <summary>Whether a processor's description, in the form of /proc/cpuinfo, names such units.</summary>
    public static bool Bfloat16In(IEnumerable<string> lines) =>
        lines.FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal)) is { } flags
        && flags.Split([' ', '\t', ':'], StringSplitOptions.RemoveEmptyEntries).Any(flag => flag is "avx512_bf16" or "amx_bf16");
}
