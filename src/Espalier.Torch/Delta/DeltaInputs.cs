namespace Espalier.Torch.Delta;

// Shapes: B batch, T time, M value heads, P channels of one, G key heads, S channels of one.

/// <summary>What a gated delta rule reads.</summary>
/// <param name="Queries">How the state is read, [B, T, G S]; each head is made one long inside.</param>
/// <param name="Keys">Where the state is written, [B, T, G S]; each head is made one long inside.</param>
/// <param name="Values">What is written, [B, T, M P].</param>
/// <param name="Strengths">How much of it, before the sigmoid, [B, T, M].</param>
/// <param name="Steps">How far the state decays, before bias and softplus, [B, T, M].</param>
/// <param name="StepBias">[M].</param>
/// <param name="LogDecay">log(−A), [M].</param>
/// <param name="Begins">The position at which each token's document begins, Int64 [B, T], where rows hold several; else null.</param>
internal readonly record struct DeltaInputs(
    Tensor Queries, Tensor Keys, Tensor Values, Tensor Strengths, Tensor Steps, Tensor StepBias, Tensor LogDecay, Tensor? Begins = null);

internal readonly record struct DeltaGradients(
    Tensor Queries, Tensor Keys, Tensor Values, Tensor Strengths, Tensor Steps, Tensor StepBias, Tensor LogDecay);
