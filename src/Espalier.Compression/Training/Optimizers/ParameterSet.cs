namespace Espalier.Compression.Training.Optimizers;

/// <summary>A trained tensor.</summary>
/// <param name="Name">Its name inside its set.</param>
/// <param name="Value">The tensor.</param>
/// <param name="Decays">Whether weight decay acts on it.</param>
/// <param name="LearningRateFactor">Multiplies the schedule's rate.</param>
public sealed record TrainedParameter(string Name, Tensor Value, bool Decays, double LearningRateFactor = 1)
{
    /// <summary>
    /// Whether it is a matrix inside a block, from hidden states to hidden states: neither embedding nor head, norm nor bias.
    /// </summary>
    public bool IsHiddenMatrix { get; init; }
}

/// <summary>Tensors that are clipped together by the norm of all their gradients.</summary>
/// <param name="Name">For checkpoints and metrics.</param>
/// <param name="Parameters">The tensors.</param>
public sealed record ParameterSet(string Name, IReadOnlyList<TrainedParameter> Parameters);
