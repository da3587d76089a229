namespace Espalier.Compression.Importance;

/// <summary>
/// What importance is read from. The method of the papers is <see cref="Activation"/>; the others are what they compare it with.
/// </summary>
public enum ScoreMethod
{
    /// <summary>Activations of forward passes (Minitron, arXiv 2407.14679, section 2.2).</summary>
    Activation,

    /// <summary>
    /// First-order Taylor: the sum of |w · dL/dw| over a unit's weights, L the mean loss on the calibration text. Forward and backward
    /// passes.
    /// </summary>
    Taylor,

    /// <summary>√Σw² over a unit's weights. No text at all.</summary>
    Magnitude,

    /// <summary>
    /// How little neurons and heads copy another one of their layer, by the cosine of their activations; channels and layers as
    /// <see cref="Activation"/>.
    /// </summary>
    Redundancy,

    /// <summary>Chance. No model, no text.</summary>
    Random,
}
