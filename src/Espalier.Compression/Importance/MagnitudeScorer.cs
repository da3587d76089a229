using Espalier.Models.Checkpoints;

namespace Espalier.Compression.Importance;

/// <summary>
/// Importance by the size of weights: √Σw² over those that touch a unit. Reads the checkpoint a piece at a time, so that the model never is
/// in memory, and no text.
/// </summary>
internal static class MagnitudeScorer
{
    /// <summary>Elements that are in memory at once.</summary>
    private const long PieceElements = 1 << 22;

    /// <summary>Scores a checkpoint. Each weight is read once, and refused by name where it is not finite.</summary>
    /// <param name="spanWidths">Widths of the spans of layers that are wanted, beside single ones.</param>
    /// <param name="progress">Receives the weights read.</param>
    public static ImportanceScores Run(Checkpoint checkpoint, IEnumerable<int> spanWidths, IProgressReporter progress,
        CancellationToken stop = default)
    {
        var config = checkpoint.Config;
        var squares = new WeightTotals(config);
        using var task = progress.Begin("score", config.Parameters, "weights");
        foreach (var named in checkpoint.Family.Parameters(config))
        {
            var width = named.Shape.Length == 2 ? named.Shape[1] : 1;
            var rowsAtOnce = Math.Max(1, PieceElements / width);
            for (var row = 0L; row < named.Shape[0]; row += rowsAtOnce)
            {
                stop.ThrowIfCancellationRequested();
                using var scope = TensorScope.Begin();
                var rows = Math.Min(rowsAtOnce, named.Shape[0] - row);
                var values = new float[rows * width];
                checkpoint.ReadFinite(named.Name, row * width, values);
                // Squared in float64: the square of a small float32 is none.
                var weights = named.Shape.Length == 2 ? Tensor.From<float>(values, rows, width) : Tensor.From<float>(values, rows);
                squares.Add(named.Parameter, row, weights.To(DType.Float64).Square());
                task.Advance(values.Length);
            }
        }
        return squares.Result(ScoreMethod.Magnitude, Math.Sqrt, spanWidths);
    }
}
