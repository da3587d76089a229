using System.Diagnostics;

namespace Espalier.Files;

/// <summary>How busy other programs keep the processors: what a measured speed or an estimated time does not know.</summary>
internal static class ProcessorLoad
{
    /// <summary>Others beyond this share of all processors make a machine busy.</summary>
    public const double BusyShare = 0.25;

    /// <summary>
    /// Processors that programs other than this one keep busy, such as 1.6, seen over <paramref name="window"/>; 0 where the system
    /// does not say.
    /// </summary>
    public static double OfOthers(TimeSpan window)
    {
        var (clock, own, before) = (Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime, Read());
        Thread.Sleep(window);
        var (ownAfter, after, elapsed) = (Environment.CpuUsage.TotalTime, Read(), Stopwatch.GetElapsedTime(clock));
        return before is null || after is null ? 0 : OfOthers(before.Value, after.Value, (ownAfter - own) / elapsed);
    }

    /// <summary>Busy processors between two readings, without this program's own.</summary>
    internal static double OfOthers(Reading before, Reading after, double own)
    {
        var all = after.All - before.All;
        return all <= 0 ? 0 : Math.Clamp((double)(after.Busy - before.Busy) / all * after.Processors - own, 0, after.Processors);
    }

    /// <summary>What <c>/proc/stat</c> counts, in ticks of all processors together.</summary>
    internal static Reading? Parse(string text)
    {
        long[]? ticks = null;
        var processors = 0;
        foreach (var line in text.Split('\n'))
            if (line.StartsWith("cpu ", StringComparison.Ordinal))
                ticks = [.. line[4..].Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Select(field => long.TryParse(field, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0)];
            else if (line.StartsWith("cpu", StringComparison.Ordinal))
                processors++;
        // user, nice, system, idle, iowait, irq, softirq, steal; guests' time is part of user and nice.
        return ticks is not { Length: >= 5 } || processors == 0
            ? null : new(ticks.Take(8).Sum() - ticks[3] - ticks[4], ticks.Take(8).Sum(), processors);
    }

    private static Reading? Read() => Parse(SystemFile.Text("/proc/stat"));

    internal readonly record struct Reading(long Busy, long All, int Processors);
}
