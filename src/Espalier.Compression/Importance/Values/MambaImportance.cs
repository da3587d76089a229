using Espalier.Models;

namespace Espalier.Compression.Importance.Values;

/// <summary>
/// Importance of the heads of a state-space mixer, and of the channels that each head has (Minitron-SSM, arXiv 2504.11409, section 3): of x
/// as the input projection gives it, aggregated over text for each channel of each head, the norm of a head over its channels, and the norm
/// of a channel over the heads, which all keep the same ones.
/// </summary>
internal static class MambaImportance
{
    /// <summary>The scores of an axis.</summary>
    /// <param name="axis">Heads, or channels of a head.</param>
    /// <param name="channels">Of each channel of each head, head after head.</param>
    /// <param name="sizes">The sizes.</param>
    public static double[] Of(Axis axis, double[] channels, MambaConfig sizes)
    {
        var squares = new double[axis == Axis.MambaHeads ? sizes.Heads : sizes.HeadDim];
        for (var i = 0; i < channels.Length; i++)
            squares[axis == Axis.MambaHeads ? i / sizes.HeadDim : i % sizes.HeadDim] += channels[i] * channels[i];
        return Array.ConvertAll(squares, Math.Sqrt);
    }
}
