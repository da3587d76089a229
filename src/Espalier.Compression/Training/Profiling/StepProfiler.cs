using System.Diagnostics;

namespace Espalier.Compression.Training.Profiling;

/// <summary>
/// Measures steps by phase. Trainer and objectives say what they are about to do (<see cref="Enter"/>), on the thread that runs the step;
/// where nobody measures, that is one look at a field. Of phases inside each other the inner one's time is not the outer one's.
/// </summary>
/// <param name="operations">Operations of a position by phase.</param>
internal sealed class StepProfiler(StepOperations operations)
{
    private static readonly int s_phases = Enum.GetValues<StepPhase>().Length;

    [ThreadStatic]
    private static StepProfiler? s_current;

    private readonly Counts[] _sums = new Counts[s_phases];
    private StepPhase _phase;
    private Counts _since;
    private long _steps, _tokens;

    /// <summary>Begins a phase of the step that is measured on this thread; disposed, the phase around it goes on.</summary>
    public static Scope Enter(StepPhase phase)
    {
        if (s_current is not { } profiler)
            return default;
        var around = profiler._phase;
        profiler.Turn(phase);
        return new(profiler, around);
    }

    /// <summary>Begins a step on this thread; disposed, the step is over.</summary>
    /// <param name="profiler">Who measures; null for nobody.</param>
    /// <param name="tokens">Positions of the step.</param>
    internal static Scope BeginStep(StepProfiler? profiler, long tokens)
    {
        if (profiler is null)
            return default;
        if (profiler._steps == 1)
        {
            // The first step is another one than those that follow.
            Array.Clear(profiler._sums);
            profiler._tokens = 0;
        }
        profiler._steps++;
        profiler._tokens += tokens;
        profiler._phase = StepPhase.Other;
        profiler._since = Counts.Now();
        s_current = profiler;
        return new(profiler, null);
    }

    /// <summary>
    /// Before another thread goes on with the step (<see cref="Continue"/>): what this one did counts, and it measures no more.
    /// </summary>
    internal void HandOver()
    {
        Turn(StepPhase.Other);
        s_current = null;
    }

    /// <summary>Goes on with the step on this thread, in no phase, until disposed.</summary>
    /// <param name="profiler">Who measures; null for nobody.</param>
    internal static Scope Continue(StepProfiler? profiler)
    {
        if (profiler is null)
            return default;
        profiler._since = Counts.Now();
        s_current = profiler;
        return new(profiler, null);
    }

    /// <summary>After <see cref="HandOver"/>, when the others are done: time since then is no phase's.</summary>
    /// <param name="bytes">Managed bytes of threads that did not measure.</param>
    internal void TakeBack(long bytes)
    {
        _since = _since with { Bytes = GC.GetAllocatedBytesForCurrentThread() - bytes };
        Turn(StepPhase.Other);
        s_current = this;
    }

    /// <summary>What was measured, or null before the first step.</summary>
    /// <param name="stage">What was trained.</param>
    /// <param name="product">Operations a second of a large product.</param>
    public StepProfile? Report(string stage, double product)
    {
        if (_steps == 0)
            return null;
        var steps = Math.Max(1, _steps - 1);
        var all = _sums.Aggregate((a, b) => a + b);
        var tokens = (double)_tokens / steps;
        var (seconds, speed) = (all.Seconds / steps, operations.Total * _tokens / all.Seconds);
        return new(stage, steps, tokens, seconds, speed / 1e9, speed / product, product / 1e9, (double)all.Faults / steps,
            (double)all.Bytes / steps,
            [.. Enum.GetValues<StepPhase>().Select(phase =>
            {
                var sum = _sums[(int)phase];
                double? rate = operations.Of(phase) is > 0 and var each && sum.Ticks > 0 ? each * _tokens / sum.Seconds : null;
                return new PhaseProfile(
                    phase, sum.Seconds / steps, sum.Seconds / all.Seconds, rate / 1e9, rate / product, (double)sum.Faults / steps,
                    (double)sum.Bytes / steps);
            })]);
    }

    private void Turn(StepPhase next)
    {
        var now = Counts.Now();
        _sums[(int)_phase] += now - _since;
        _phase = next;
        // Read again: what reading the counts cost is nobody's.
        _since = Counts.Now();
    }

    private void EndStep()
    {
        Turn(StepPhase.Other);
        s_current = null;
    }

    /// <summary>A phase, or a step, that lasts until it is disposed.</summary>
    public readonly ref struct Scope
    {
        private readonly StepProfiler? _profiler;
        private readonly StepPhase? _around;

        internal Scope(StepProfiler profiler, StepPhase? around) => (_profiler, _around) = (profiler, around);

        /// <summary>Ends it.</summary>
        public void Dispose()
        {
            if (_around is { } around)
                _profiler!.Turn(around);
            else
                _profiler?.EndStep();
        }
    }

    private readonly record struct Counts(long Ticks, long Faults, long Bytes)
    {
        public double Seconds => (double)Ticks / Stopwatch.Frequency;

        public static Counts Now()
        {
            var faults = PageFaults.OfThisProcess();
            TorchRuntime.Synchronize();
            return new(Stopwatch.GetTimestamp(), faults, GC.GetAllocatedBytesForCurrentThread());
        }

        public static Counts operator +(Counts a, Counts b) => new(a.Ticks + b.Ticks, a.Faults + b.Faults, a.Bytes + b.Bytes);

        public static Counts operator -(Counts a, Counts b) => new(a.Ticks - b.Ticks, a.Faults - b.Faults, a.Bytes - b.Bytes);
    }
}
