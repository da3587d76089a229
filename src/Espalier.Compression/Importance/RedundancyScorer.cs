using Espalier.Compression.Data.Batches;
using Espalier.Compression.Importance.Values;

namespace Espalier.Compression.Importance;

// Shapes: B batch, T time, P = B T positions, F feed-forward width, N query heads, H head width.

/// <summary>
/// Importance of neurons and heads by how little they copy another: activations over all calibration positions as vectors, heads inside
/// their KV group as the outputs of all their entries, and <see cref="Elimination"/> on the cosines between them. Channels, layers and
/// experts with their neurons have the activation scores of the same pass.
/// </summary>
internal static class RedundancyScorer
{
    public static ImportanceScores Run(Decoder model, WindowSet windows, ScoreOptions options, IProgressReporter progress,
        CancellationToken stop)
    {
        var config = model.Config;
        CheckMemory(config);
        using var collector = new ImportanceCollector(config, options);
        using var neurons = new Grams(Axis.Ffn.IsIn(config) ? config.Layers : 0, config.IntermediateSize);
        using var heads = new Grams(config.Layers, config.QueryHeads);
        var place = options.Neurons == NeuronValues.Intermediate ? TapPoint.MlpIntermediate : TapPoint.MlpPreActivation;
        ActivationScorer.Read(model, windows, options, () => collector.Batch() + Add, progress, stop);
        var ofActivations = collector.Result(options.Aggregator, windows.SequenceLength);
        return ofActivations with
        {
            Method = ScoreMethod.Redundancy,
            Units = new(axis => axis == Axis.Heads ? Scores(axis, heads)
                : axis == Axis.Ffn && axis.IsIn(config) ? Scores(axis, neurons) : ofActivations.Units[axis]),
        };

        double[][] Scores(Axis axis, Grams grams) =>
            [.. Enumerable.Range(0, config.Layers)
                .Select(layer => !axis.IsIn(config.LayerKinds[layer]) ? new double[axis.Of(config)]
                    : Elimination.Scores(grams.Of(layer), axis.Of(config), axis.GroupSizeOf(config)))];

        void Add(TapPoint point, int layer, Tensor value)
        {
            using var scope = TensorScope.Begin();
            if (point == place)
                neurons.Add(layer, value.Reshape(-1, config.IntermediateSize).Transpose(0, 1));
            else if (point == TapPoint.AttentionOutput)
                heads.Add(layer, value.Reshape(-1, config.QueryHeads, config.HeadDim).Transpose(0, 1).Reshape(config.QueryHeads, -1));
        }
    }

    private static void CheckMemory(DecoderConfig config)
    {
        var (needed, there) = (8.0 * config.Layers * config.IntermediateSize * config.IntermediateSize, MemoryInfo.Read().Total);
        if (there > 0 && needed > there)
            throw new EspalierException(
                $"redundancy compares all {config.IntermediateSize} neurons of each of {config.Layers} layers with each other: "
                    + $"that needs {Units.Memory(needed)}, but {Units.Memory(there)} are available; use another method");
    }

    /// <summary>Products of all units of a layer with each other, summed in float64.</summary>
    private sealed class Grams(int layers, long units) : IDisposable
    {
        private readonly Tensor[] _sums = [.. Enumerable.Range(0, layers)
            .Select(_ => Tensor.Zeros(DType.Float64, TorchRuntime.Device, units, units).Unscoped())];

        /// <param name="layer">Whose.</param>
        /// <param name="x">A vector for each unit, [units, ...].</param>
        public void Add(int layer, Tensor x)
        {
            var wide = x.To(DType.Float64);
            _sums[layer].AddInPlace(wide.MatMul(wide.Transpose(0, 1)));
        }

        public double[] Of(int layer) => _sums[layer].ToArray<double>();

        public void Dispose() => Array.ForEach(_sums, sum => sum.Dispose());
    }
}
