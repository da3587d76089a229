using Espalier.Compression.Data;
using Espalier.Compression.Importance;
using Espalier.Models;
using Espalier.Torch;

namespace Espalier.Compression.Pruning.Masks;

// Shapes: B batch, T time, D model width, F feed-forward width, N query heads, H head width.

/// <summary>L2 norms of the inputs of one layer's matrices over calibration tokens, summed in float64.</summary>
internal sealed class InputNorms
{
    private readonly Dictionary<TapPoint, double[]> _squares = [];

    /// <summary>Runs the model, as it is now, over the first windows.</summary>
    public static InputNorms Measure(Decoder model, int layer, WindowSet windows, int samples, CancellationToken stop)
    {
        var norms = new InputNorms();
        using var noGrad = GradMode.Disable();
        foreach (var batch in PackedText.Scored(windows, "importance").Batches(samples, new ScoreOptions().Batch))
        {
            stop.ThrowIfCancellationRequested();
            using var scope = TensorScope.Begin();
            model.Forward(Tensor.From<long>(batch.Inputs, batch.Size, batch.Sequence), (point, at, value) =>
            {
                if (at == layer)
                    norms.Add(point, value);
            });
        }
        return norms;
    }

    /// <summary>The norms of a matrix' inputs, one a column.</summary>
    public double[] Of(ParameterRole role) => [.. _squares[ParameterSpec.Of(role).Input!.Value].Select(Math.Sqrt)];

    private void Add(TapPoint point, Tensor value)
    {
        if (ParameterSpec.All.All(spec => spec.Input != point))
            return;
        using var scope = TensorScope.Begin();
        long inputs = 1;
        for (var i = 2; i < value.Dimensions; i++)
            inputs *= value.Size(i);
        var sums = value.Reshape(-1, inputs).To(DType.Float64).Square().Sum([0]).ToArray<double>();
        if (!_squares.TryGetValue(point, out var squares))
            _squares[point] = squares = new double[inputs];
        for (var i = 0; i < sums.Length; i++)
            squares[i] += sums[i];
    }
}
