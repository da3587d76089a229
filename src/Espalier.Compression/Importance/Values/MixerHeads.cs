namespace Espalier.Compression.Importance.Values;

/// <summary>
/// Heads of a state-space mixer or of linear attention, whose importance is read with that of the channels that each head has
/// (Minitron-SSM, arXiv 2504.11409, section 3): aggregated over text for each channel of each head, the norm of a head over its channels,
/// and the norm of a channel over the heads, which all keep the same ones. Of a state-space mixer it is read from x as the input projection
/// gives it, as there; of linear attention from what its output projection reads, as heads of attention are.
/// </summary>
/// <param name="Count">Heads.</param>
/// <param name="Width">Channels of each.</param>
/// <param name="Axis">The axis of the heads; any other is that of the channels.</param>
internal sealed record MixerHeads(int Count, int Width, Axis Axis)
{
    /// <summary>Channels of all heads.</summary>
    public int Channels => Count * Width;

    /// <summary>The heads that a tap point has; null where it is none of a mixer with channels of its own.</summary>
    public static MixerHeads? At(TapPoint point, DecoderConfig config) => point switch
    {
        TapPoint.MambaProjection => new(config.Mamba.Heads, config.Mamba.HeadDim, Axis.MambaHeads),
        TapPoint.DeltaOutput => new(config.Delta.Heads, config.Delta.HeadDim, Axis.DeltaHeads),
        _ => null,
    };

    /// <summary>The scores of an axis.</summary>
    /// <param name="axis">Heads, or channels of a head.</param>
    /// <param name="channels">Of each channel of each head, head after head.</param>
    public double[] ScoresOf(Axis axis, double[] channels)
    {
        var squares = new double[axis == Axis ? Count : Width];
        for (var i = 0; i < channels.Length; i++)
            squares[axis == Axis ? i / Width : i % Width] += channels[i] * channels[i];
        return Array.ConvertAll(squares, Math.Sqrt);
    }
}
