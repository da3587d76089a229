namespace Espalier.Compression.Training.Schedules;

/// <summary>A straight line from the peak to the lowest rate: low + (peak − low)(1 − (s − W) / (S − W)).</summary>
/// <param name="Peak">Highest learning rate.</param>
/// <param name="Low">What the line comes down to, reached at step S.</param>
/// <param name="WarmUp">W.</param>
/// <param name="Steps">S.</param>
/// <param name="FromZero">Whether step 0 has rate zero.</param>
internal sealed record LinearSchedule(double Peak, double Low, int WarmUp, long Steps, bool FromZero = false)
    : Schedule(Peak, WarmUp, Steps, FromZero)
{
    protected override double AfterWarmUp(long step) => Low + (Peak - Low) * (1 - (double)(step - WarmUp) / Math.Max(1, Steps - WarmUp));
}
