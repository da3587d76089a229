namespace Espalier.Files;

/// <summary>
/// Notices that other programs have the processors that this one's threads want: of the time in which they could have run, how much they
/// waited for a
/// processor. Looked at every so often; a look in between costs one look at the clock.
/// </summary>
/// <param name="window">The least time that is judged.</param>
/// <param name="clock">Time; the system's by default.</param>
/// <param name="read">What the threads have run and waited; the system's count by default.</param>
internal sealed class ProcessorWait(TimeSpan window, TimeProvider? clock = null, Func<(double Ran, double Waited)?>? read = null)
{
    /// <summary>
    /// Waiting for more than this share of the time is being starved: two threads beside two programs that compute wait half of it.
    /// </summary>
    public const double Starved = 0.3;

    private readonly TimeProvider _clock = clock ?? TimeProvider.System;
    private readonly Func<(double Ran, double Waited)?> _read = read ?? OfThisProcess;
    private (double Ran, double Waited)? _before;
    private long _since;

    /// <summary>The share of a window that has just ended; null where none has, or where the system does not say.</summary>
    public double? Look()
    {
        if (_since != 0 && _clock.GetElapsedTime(_since) < window)
            return null;
        var (before, now) = (_before, _read());
        (_before, _since) = (now, _clock.GetTimestamp());
        return before is not { } a || now is not { } b || b.Ran - a.Ran + b.Waited - a.Waited is not (> 0 and var wanted)
            ? null
            : Math.Clamp((b.Waited - a.Waited) / wanted, 0, 1);
    }

    /// <summary>
    /// What <c>/proc/self/task/*/schedstat</c> counts, in seconds of all threads together; null where there is no such file.
    /// </summary>
    internal static (double Ran, double Waited)? OfThisProcess()
    {
        var (ran, waited, any) = (0.0, 0.0, false);
        try
        {
            foreach (var task in Directory.EnumerateDirectories("/proc/self/task"))
                // A thread may end between its name and its count.
                if (Parse(SystemFile.Text(Path.Combine(task, "schedstat"))) is { } counts)
                    (ran, waited, any) = (ran + counts.Ran, waited + counts.Waited, true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        return any ? (ran, waited) : null;
    }

    /// <summary>Nanoseconds run, nanoseconds waited, turns.</summary>
    internal static (double Ran, double Waited)? Parse(string text) =>
        text.Split(' ', StringSplitOptions.TrimEntries) is [var ran, var waited, _]
        && long.TryParse(ran, NumberStyles.None, CultureInfo.InvariantCulture, out var first)
        && long.TryParse(waited, NumberStyles.None, CultureInfo.InvariantCulture, out var second)
            ? (first / 1e9, second / 1e9)
            : null;
}
