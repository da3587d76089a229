namespace Espalier.Compression.Training.Schedules;

/// <summary>
/// A cosine from the peak to the lowest rate: low + (peak − low)(1 + cos(π (s − W) / (S − W))) / 2.
/// </summary>
/// <param name="Peak">Highest learning rate.</param>
/// <param name="Low">What the cosine comes down to, reached at step S.</param>
/// <param name="WarmUp">W.</param>
/// <param name="Steps">S.</param>
/// <param name="FromZero">Whether step 0 has rate zero.</param>
internal sealed record CosineSchedule(double Peak, double Low, int WarmUp, long Steps, bool FromZero = false)
    : Schedule(Peak, WarmUp, Steps, FromZero)
{
    protected override double AfterWarmUp(long step)
    {
        var progress = (double)(step - WarmUp) / Math.Max(1, Steps - WarmUp);
        return Low + (Peak - Low) * (1 + Math.Cos(Math.PI * progress)) / 2;
    }
}
