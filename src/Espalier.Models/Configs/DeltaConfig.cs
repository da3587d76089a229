namespace Espalier.Models;

/// <summary>
/// The sizes of layers that are linear attention by the gated delta rule (arXiv 2412.06464), as Qwen3-Next and Qwen3.5 have it, the same in
/// all of them. Named as those of <see cref="MambaConfig"/>, which a value, a key and a query are to it what x, B and C are there.
/// </summary>
internal sealed record DeltaConfig
{
    /// <summary>Nv: heads of values; a multiple of <see cref="Groups"/>.</summary>
    public int Heads { get; init; }

    /// <summary>Hv: entries of a value.</summary>
    public int HeadDim { get; init; }

    /// <summary>Nk: heads of queries and keys; as many value heads in a row as each has share them.</summary>
    public int Groups { get; init; }

    /// <summary>Hk: entries of a query, and of a key; the state of a head has as many rows.</summary>
    public int StateSize { get; init; }

    /// <summary>Positions that the convolution sees, its own included.</summary>
    public int Kernel { get; init; }

    /// <summary>Entries of the values of all heads.</summary>
    public int Channels => Heads * HeadDim;

    /// <summary>Entries of the queries of all heads, and of the keys.</summary>
    public int StateChannels => Groups * StateSize;
}
