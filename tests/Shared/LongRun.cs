namespace Espalier.Tests;

/// <summary><c>./test --long</c>: the same tests, with as many repetitions as the promise says instead of a few.</summary>
internal static class LongRun
{
    /// <summary>Whether it is wanted.</summary>
    public static bool IsWanted { get; } = Environment.GetEnvironmentVariable("ESPALIER_LONG") == "1";

    /// <summary>How often to do something: a few times, or as often as is promised.</summary>
    public static int Times(int brief, int full) => IsWanted ? full : brief;
}
