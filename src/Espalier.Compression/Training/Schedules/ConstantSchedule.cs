namespace Espalier.Compression.Training.Schedules;

/// <summary>The peak to the end.</summary>
/// <param name="Peak">The learning rate.</param>
/// <param name="WarmUp">W.</param>
/// <param name="Steps">S.</param>
/// <param name="FromZero">Whether step 0 has rate zero.</param>
internal sealed record ConstantSchedule(double Peak, int WarmUp, long Steps, bool FromZero = false)
    : Schedule(Peak, WarmUp, Steps, FromZero)
{
    protected override double AfterWarmUp(long step) => Peak;
}
