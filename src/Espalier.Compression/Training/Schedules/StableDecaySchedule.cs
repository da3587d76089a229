namespace Espalier.Compression.Training.Schedules;

/// <summary>
/// Warm-up, stable, decay (MiniCPM, arXiv 2404.06395, section 4), with a linear decay: the peak until D steps before the end, then
/// low + (peak − low)(S − s) / D. Where to stop need not be known before the decay begins.
/// </summary>
/// <param name="Peak">Highest learning rate.</param>
/// <param name="Low">What the decay comes down to, reached at step S.</param>
/// <param name="WarmUp">W.</param>
/// <param name="Steps">S.</param>
/// <param name="Decay">D.</param>
/// <param name="FromZero">Whether step 0 has rate zero.</param>
internal sealed record StableDecaySchedule(double Peak, double Low, int WarmUp, long Steps, long Decay, bool FromZero = false)
    : Schedule(Peak, WarmUp, Steps, FromZero)
{
    /// <summary>
    /// D where nothing is said: a tenth of the steps, which the paper finds to be enough, rounded up; at most what the warm-up leaves.
    /// </summary>
    public static long DecayOf(long steps, long warmUp) =>
        Math.Min(steps / 10 + (steps % 10 > 0 ? 1 : 0), Math.Max(1, steps - warmUp));

    protected override double AfterWarmUp(long step) => step <= Steps - Decay ? Peak : Low + (Peak - Low) * (Steps - step) / Decay;
}
