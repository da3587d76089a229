using Espalier.Models;

namespace Espalier.Compression.Importance;

/// <summary>Which value of a neuron its activation score reads.</summary>
public enum NeuronValues
{
    /// <summary>The input of the down projection, behind activation and gate.</summary>
    DownInput,

    /// <summary>What enters the activation: X·W₁ᵀ of the paper; behind the gate projection where there is one.</summary>
    PreActivation,
}

/// <summary>What is read unless somebody says otherwise.</summary>
public static class NeuronValuesOf
{
    /// <summary>
    /// The down projection's input where a gate multiplies the activation, for there the gate's own value is half of the neuron; the paper's pre-activation
    /// (Minitron, arXiv 2407.14679, section 2.2) where there is none, as in Nemotron.
    /// </summary>
    public static NeuronValues Default(DecoderConfig config) =>
        config.Activation == ActivationKind.SwiGlu ? NeuronValues.DownInput : NeuronValues.PreActivation;
}
