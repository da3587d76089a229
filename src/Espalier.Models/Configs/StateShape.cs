namespace Espalier.Models;

/// <summary>
/// The sizes of what a layer with a state keeps of a text: state-space mixers have x, B and C where linear attention has values, keys and
/// queries, and both a state for each entry of a B or key and each channel.
/// </summary>
/// <param name="Heads">M: heads.</param>
/// <param name="HeadDim">P: channels of a head.</param>
/// <param name="Groups">G: groups of heads that share a B and a C, or a key and a query.</param>
/// <param name="StateSize">S: entries of one of these.</param>
/// <param name="Kernel">K: positions that the convolution sees.</param>
internal sealed record StateShape(int Heads, int HeadDim, int Groups, int StateSize, int Kernel)
{
    public int Channels => Heads * HeadDim;

    /// <summary>Entries of what the groups share, each of both.</summary>
    public int StateChannels => Groups * StateSize;

    /// <summary>Numbers that a layer keeps of a text, however long it is: the state, and what the convolutions still see.</summary>
    public long Numbers => (long)Channels * StateSize + (Kernel - 1L) * (Channels + 2L * StateChannels);

    /// <summary>Those of state-space mixers.</summary>
    public static StateShape Of(MambaConfig of) => new(of.Heads, of.HeadDim, of.Groups, of.StateSize, of.Kernel);

    /// <summary>Those of linear attention.</summary>
    public static StateShape Of(DeltaConfig of) => new(of.Heads, of.HeadDim, of.Groups, of.StateSize, of.Kernel);

    /// <summary>Those of a layer; null where it has no state.</summary>
    public static StateShape? Of(DecoderConfig config, LayerKind kind) =>
        kind.HasMamba ? Of(config.Mamba) : kind.HasDelta ? Of(config.Delta) : null;
}
