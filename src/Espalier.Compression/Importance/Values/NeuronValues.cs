namespace Espalier.Compression.Importance.Values;

/// <summary>Which value of a neuron its activation score reads.</summary>
public enum NeuronValues
{
    /// <summary>The input of the down projection, after activation and gate.</summary>
    Intermediate,

    /// <summary>
    /// What enters the activation: X·W₁ᵀ (Minitron, arXiv 2407.14679, section 2.2, on an ungated model); after the gate projection where
    /// there is one.
    /// </summary>
    PreActivation,
}
