namespace Espalier.Models;

/// <summary>The sizes of layers that are state-space mixers (Mamba-2, arXiv 2405.21060), the same in all of them.</summary>
internal sealed record MambaConfig
{
    /// <summary>Nh: heads; a multiple of <see cref="Groups"/>.</summary>
    public int Heads { get; init; }

    /// <summary>P: channels of a head.</summary>
    public int HeadDim { get; init; }

    /// <summary>G: groups of heads, each with a B and a C of its own, and with a norm of its own.</summary>
    public int Groups { get; init; }

    /// <summary>S: entries of B and C, and of the state that each channel has.</summary>
    public int StateSize { get; init; }

    /// <summary>Positions that the convolution sees, its own included.</summary>
    public int Kernel { get; init; }

    /// <summary>What states are kept in between tokens where the model is served; null is what it is computed in.</summary>
    public ElementType? StateType { get; init; } = ElementType.F32;

    /// <summary>The least step; a smaller one becomes this.</summary>
    public double LeastStep { get; init; }

    /// <summary>The largest step; a larger one becomes this.</summary>
    public double MostStep { get; init; } = double.PositiveInfinity;

    /// <summary>Biases of the projections.</summary>
    public bool ProjectionBias { get; init; }

    /// <summary>Biases of the convolution.</summary>
    public bool ConvolutionBias { get; init; }

    /// <summary>I: channels of all heads.</summary>
    public int Channels => Heads * HeadDim;

    /// <summary>Entries of B, and of C, of all groups.</summary>
    public int StateChannels => Groups * StateSize;
}
