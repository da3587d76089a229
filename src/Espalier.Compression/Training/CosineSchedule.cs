namespace Espalier.Compression.Training;

/// <summary>
/// Linear warm-up, then a cosine from the peak to the lowest rate. Step s, counted from 0, of S steps with W warm-up steps:
/// peak (s + 1) / W below W, or peak s / W where the warm-up starts from zero; then
/// low + (peak − low)(1 + cos(π (s − W) / (S − W))) / 2.
/// </summary>
/// <param name="Peak">Highest learning rate.</param>
/// <param name="Low">What the cosine comes down to, reached at step S.</param>
/// <param name="WarmUp">W.</param>
/// <param name="Steps">S.</param>
/// <param name="FromZero">Whether step 0 has rate zero (Megatron and transformers) instead of peak / W.</param>
public sealed record CosineSchedule(double Peak, double Low, int WarmUp, long Steps, bool FromZero = false)
{
    /// <summary>The learning rate of a step.</summary>
    public double At(long step)
    {
        if (step < WarmUp)
            return Peak * (step + (FromZero ? 0 : 1)) / WarmUp;
        var progress = (double)(step - WarmUp) / Math.Max(1, Steps - WarmUp);
        return Low + (Peak - Low) * (1 + Math.Cos(Math.PI * progress)) / 2;
    }
}
