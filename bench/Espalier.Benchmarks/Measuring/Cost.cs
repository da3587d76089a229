using System.Diagnostics;

namespace Espalier.Benchmarks;

/// <summary>
/// Time of a piece of work in seconds: by the clock, and that the processor spent on it, which other programs on a busy machine change
/// little.
/// </summary>
internal readonly record struct Cost(double Wall, double Processor)
{
    public static Cost Of(Action work)
    {
        var clock = Clock.Start();
        work();
        return clock.Elapsed;
    }

    public static Cost operator +(Cost a, Cost b) => new(a.Wall + b.Wall, a.Processor + b.Processor);

    public static Cost operator -(Cost a, Cost b) => new(a.Wall - b.Wall, a.Processor - b.Processor);

    public static Cost operator /(Cost a, double b) => new(a.Wall / b, a.Processor / b);

    /// <summary>Both clocks of this process, from one moment on.</summary>
    internal readonly record struct Clock(long Started, TimeSpan Spent)
    {
        public static Clock Start() => new(Stopwatch.GetTimestamp(), Environment.CpuUsage.TotalTime);

        public Cost Elapsed => new(Stopwatch.GetElapsedTime(Started).TotalSeconds, (Environment.CpuUsage.TotalTime - Spent).TotalSeconds);
    }
}
