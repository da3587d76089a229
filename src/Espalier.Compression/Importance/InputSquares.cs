using Espalier.Compression.Data.Batches;
using Espalier.Compression.Importance.Values;

namespace Espalier.Compression.Importance;

// Shapes: B batch, T time, D model width, F feed-forward width, N query heads, H head width.

/// <summary>
/// Sums of squares of what matrices are multiplied with, one for each column, over calibration tokens, in float64. The mean of them is what
/// an error in a column costs (the diagonal of the layer's Hessian): llama.cpp's importance matrix.
/// </summary>
internal sealed class InputSquares
{
    // An expert's tokens alone are its inputs; −1 is no expert's.
    private readonly Dictionary<(TapPoint Point, int Layer, int Expert), double[]> _sums = [];

    /// <summary>Runs the model, as it is now, over the first windows.</summary>
    /// <param name="layer">The one layer to listen to; all of them, and the head, where null.</param>
    /// <param name="windows">Calibration text.</param>
    /// <param name="advance">Receives the windows that are done.</param>
    public static InputSquares Measure(Decoder model, int? layer, WindowSet windows, int samples, Action<long>? advance,
        CancellationToken stop)
    {
        var squares = new InputSquares();
        using var noGrad = GradMode.Disable();
        foreach (var batch in PackedText.Scored(windows, "importance").Batches(samples, new ScoreOptions().Batch))
        {
            stop.ThrowIfCancellationRequested();
            using var scope = TensorScope.Begin();
            using var routed = new RoutedBatch(model.Config.Experts);
            model.Forward(Tensor.From<long>(batch.Inputs, batch.Size, batch.Sequence), (point, at, value) =>
            {
                if (layer is null || at == layer)
                    squares.Add(point, at, value, routed);
            });
            advance?.Invoke(batch.Size);
        }

        return squares;
    }

    /// <summary>The sums of a matrix' inputs; null of a parameter that nothing was heard for.</summary>
    /// <param name="parameter">The matrix; the embedding is taken as the head that it serves as.</param>
    public double[]? Of(Parameter parameter) => _sums.GetValueOrDefault(
        parameter.Role is ParameterRole.Head or ParameterRole.Embedding ? (TapPoint.FinalNorm, -1, -1)
            : (ParameterSpec.Of(parameter.Role).Input ?? TapPoint.Embedding, parameter.Layer, parameter.Expert));

    /// <summary>
    /// What an error costs in each column, with a mean of 1. No column is free: one that this text does not use gets a thousandth.
    /// </summary>
    /// <inheritdoc cref="Of" path="/param"/>
    public float[]? Costs(Parameter parameter)
    {
        if (Of(parameter) is not { } sums)
            return null;
        var mean = sums.Average();
        return mean > 0 && double.IsFinite(mean) ? [.. sums.Select(sum => (float)Math.Max(sum / mean, 1e-3))] : null;
    }

    private void Add(TapPoint point, int layer, Tensor value, RoutedBatch routed)
    {
        if (point == TapPoint.ExpertChoice)
            routed.Choose(value);
        if (point != TapPoint.FinalNorm && ParameterSpec.All.All(spec => spec.Input != point))
            return;
        using var scope = TensorScope.Begin();
        if (point is TapPoint.ExpertInput or TapPoint.ExpertIntermediate)
        {
            routed.OfRows(value, (expert, rows_NX) => Add((point, layer, expert), rows_NX.Size(1), rows_NX));
            return;
        }
        long inputs = 1;
        for (var i = 2; i < value.Dimensions; i++)
            inputs *= value.Size(i);
        Add((point, layer, -1), inputs, value);
    }

    private void Add((TapPoint, int, int) place, long inputs, Tensor value)
    {
        var sums = value.Reshape(-1, inputs).To(DType.Float64).Square().Sum([0]).ToArray<double>();
        if (!_sums.TryGetValue(place, out var squares))
            _sums[place] = squares = new double[inputs];
        for (var i = 0; i < sums.Length; i++)
            squares[i] += sums[i];
    }
}
