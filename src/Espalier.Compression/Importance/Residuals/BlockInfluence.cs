namespace Espalier.Compression.Importance.Residuals;

// Shapes: B batch, T time, D model width.

/// <summary>
/// Block influence of contiguous spans of layers, 1 − mean cosine(stream before, stream after) (Minitron, arXiv 2407.14679, section 2.2).
/// Sums in float64. Told of a batch's residual stream after each block; batches may go through the model one after the other or layer by
/// layer: as long as each layer sees them in the same order, the sums have the same bits.
/// </summary>
internal sealed class BlockInfluence
{
    private readonly int[] _widths;
    private readonly Dictionary<int, double[]> _cosines;

    /// <summary>Single layers are always among the spans.</summary>
    /// <exception cref="EspalierException">A span is wider than the model is deep, or empty.</exception>
    public BlockInfluence(int layers, IEnumerable<int> spanWidths)
    {
        _widths = LayerSpans.Widths(spanWidths, layers);
        _cosines = _widths.ToDictionary(width => width, width => new double[layers - width + 1]);
    }

    /// <summary>How many blocks a stream must be remembered for.</summary>
    public int Widest => _widths[^1];

    /// <summary>Takes note of a batch's stream after i blocks, at least one, and closes every span that ends here.</summary>
    public void Add(int i, Tensor x_BTD, StreamHistory history)
    {
        using var scope = TensorScope.Begin();
        foreach (var width in _widths)
            if (i >= width)
                _cosines[width][i - width] += SumOfCosines(history.After(i - width), x_BTD);
        history.Add(i, x_BTD);
    }

    /// <summary>Width to [first layer].</summary>
    public IReadOnlyDictionary<int, double[]> Result(long positions) =>
        _cosines.ToDictionary(pair => pair.Key, pair => pair.Value.Select(sum => 1 - sum / positions).ToArray());

    private static double SumOfCosines(Tensor a_BTD, Tensor b_BTD) => a_BTD.RowCosines(b_BTD).ToArray<double>().Sum();
}
