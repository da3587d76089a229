using Espalier.Compression.Data;
using Espalier.Compression.Importance;
using Espalier.Models;

namespace Espalier.Compression.Pruning.Masks;

/// <summary>L2 norms of the inputs of one layer's matrices over calibration tokens, summed in float64.</summary>
internal sealed class InputNorms
{
    private readonly InputSquares _squares;
    private readonly int _layer;

    private InputNorms(InputSquares squares, int layer) => (_squares, _layer) = (squares, layer);

    /// <summary>Runs the model, as it is now, over the first windows.</summary>
    public static InputNorms Measure(Decoder model, int layer, WindowSet windows, int samples, CancellationToken stop) =>
        new(InputSquares.Measure(model, layer, windows, samples, null, stop), layer);

    /// <summary>The norms of a matrix' inputs, one a column.</summary>
    public double[] Of(ParameterRole role) => [.. _squares.Of(new(role, _layer))!.Select(Math.Sqrt)];
}
