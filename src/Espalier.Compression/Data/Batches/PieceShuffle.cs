namespace Espalier.Compression.Data.Batches;

/// <summary>
/// Order within pieces: pieces come in their order, the windows of each shuffled anew every epoch. Of one piece it is
/// <see cref="SampleOrder.Shuffled"/>.
/// </summary>
internal static class PieceShuffle
{
    /// <summary>The window at a place of an epoch.</summary>
    /// <param name="windows">Windows in all.</param>
    /// <param name="pieceWindows">Windows of a piece; the last has what is left.</param>
    /// <param name="seed">What random choices begin with.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <param name="index">The place in it.</param>
    public static long At(long windows, long pieceWindows, ulong seed, long epoch, long index)
    {
        var (piece, inside) = Math.DivRem(index, pieceWindows);
        var first = piece * pieceWindows;
        var key = Permutation.Key(piece == 0 ? seed : Permutation.Key(seed, (ulong)piece), (ulong)epoch);
        return first + new Permutation(Math.Min(pieceWindows, windows - first), key)[inside];
    }
}
