namespace Espalier.Compression.Training;

/// <summary>The state of a training loop; saved in full with every checkpoint.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Tokens">Positions trained on, skipped steps included.</param>
/// <param name="Updates">Optimizer updates made, which skipped steps do not count.</param>
/// <param name="SkippedInARow">Steps skipped since the last update.</param>
/// <param name="SkippedSteps">Steps skipped in all.</param>
public readonly record struct LoopState(long Step = 0, long Tokens = 0, long Updates = 0, int SkippedInARow = 0, long SkippedSteps = 0);

/// <summary>What one step did.</summary>
/// <param name="Step">Steps done, this one included.</param>
/// <param name="Loss">Mean loss of a position that counts, nats; 0 where none does.</param>
/// <param name="GradientNorm">Global norm of the model's gradients before the clip.</param>
/// <param name="LearningRate">The step's learning rate.</param>
/// <param name="Tokens">Positions of the step.</param>
/// <param name="CountedTokens">Those of them that count in the loss.</param>
/// <param name="Skipped">Whether a non-finite loss or gradient kept the weights as they were.</param>
/// <param name="Parts">The loss's parts, each a mean before its weight; none where it is one thing.</param>
/// <param name="UpdateRatio">
/// ‖what the update added to the weights‖ / ‖weights‖ over all that is trained; null where the step did not measure it.
/// </param>
/// <param name="Seconds">Wall-clock seconds of the step.</param>
public readonly record struct StepReport(
    long Step, double Loss, double GradientNorm, double LearningRate, long Tokens, long CountedTokens, bool Skipped,
    IReadOnlyList<(string Name, double Value)> Parts, double? UpdateRatio, double Seconds);
