namespace Espalier.Torch.Mamba.Scan;

// Shapes: B batch, T time, M heads, P channels of a head, G groups, S numbers of state of a channel.

/// <summary>What a selective scan reads.</summary>
/// <param name="X">What enters the state, [B, T, M P].</param>
/// <param name="In">How it enters: B of the paper, [B, T, G S].</param>
/// <param name="Out">How the state is read: C of the paper, [B, T, G S].</param>
/// <param name="Steps">Steps before bias and softplus, [B, T, M].</param>
/// <param name="StepBias">[M].</param>
/// <param name="LogDecay">log(−A), [M].</param>
/// <param name="Skip">D, [M].</param>
/// <param name="Begins">The position at which each token's document begins, Int64 [B, T], where rows hold several; else null.</param>
internal readonly record struct ScanInputs(
    Tensor X, Tensor In, Tensor Out, Tensor Steps, Tensor StepBias, Tensor LogDecay, Tensor Skip, Tensor? Begins = null);

internal readonly record struct ScanGradients(
    Tensor X, Tensor In, Tensor Out, Tensor Steps, Tensor StepBias, Tensor LogDecay, Tensor Skip);
