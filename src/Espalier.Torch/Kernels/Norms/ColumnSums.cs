namespace Espalier.Torch.Kernels.Norms;

/// <summary>
/// Sums down the rows of something, in float64: rows are cut into pieces by their number alone, each piece adds to a row of sums of its
/// own, and the rows of sums are added in order. The number of threads does not show.
/// </summary>
internal static unsafe class ColumnSums
{
    private const long MostPieces = 64, LeastRows = 16;

    /// <summary>Rows of a piece.</summary>
    public static long PieceOf(long rows) => Math.Max(LeastRows, (rows + MostPieces - 1) / MostPieces);

    public static long Pieces(long rows) => (rows + PieceOf(rows) - 1) / PieceOf(rows);

    /// <summary>
    /// Adds the pieces' sums [pieces, n] up, each <paramref name="step"/> from the one before; the first one is overwritten.
    /// </summary>
    public static void AddUp(double* sums, long pieces, long step, long n, float* to)
    {
        for (var piece = 1L; piece < pieces; piece++)
            for (var i = 0L; i < n; i++)
                sums[i] += sums[piece * step + i];
        for (var i = 0L; i < n; i++)
            to[i] = pieces == 0 ? 0 : (float)sums[i];
    }
}
