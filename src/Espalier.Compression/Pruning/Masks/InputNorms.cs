using Espalier.Compression.Data.Batches;
using Espalier.Compression.Importance;

namespace Espalier.Compression.Pruning.Masks;

/// <summary>L2 norms of the inputs of one layer's matrices over calibration tokens, summed in float64.</summary>
internal sealed class InputNorms
{
    private readonly InputSquares _squares;

    private InputNorms(InputSquares squares) => _squares = squares;

    /// <summary>Runs the model, as it is now, over the first windows.</summary>
    public static InputNorms Measure(Decoder model, int layer, WindowSet windows, int samples, CancellationToken stop) =>
        new(InputSquares.Measure(model, layer, windows, samples, null, stop));

    /// <summary>The norms of a matrix' inputs, one a column.</summary>
    /// <remarks>Zeros of an expert that no token went to.</remarks>
    public double[] Of(Parameter parameter, long columns) => [.. _squares.Of(parameter)?.Select(Math.Sqrt) ?? new double[columns]];
}
