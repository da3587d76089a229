using Espalier.Models;
using Espalier.Torch;

namespace Espalier.Compression.Importance;

// Shapes: B batch, T time, D model width, F feed-forward width, N query heads, H head width.

/// <summary>
/// Activation importance of all axes by all aggregators in one forward pass, as a tap (Minitron, arXiv 2407.14679, section 2.2): neurons, heads, embedding
/// channels, and the block influence of layers and contiguous spans. Sums in float64.
/// </summary>
internal sealed class ImportanceCollector : IDisposable
{
    private readonly DecoderConfig _config;
    private readonly NeuronValues _neuronValues;
    private readonly int[] _spanWidths;
    private readonly UnitScore[] _neurons, _heads, _norms;
    private readonly Dictionary<int, double[]> _cosines;
    private readonly Tensor?[] _streams;
    private long _samples, _positions;

    public ImportanceCollector(DecoderConfig config, ScoreOptions options)
    {
        (_config, _neuronValues) = (config, options.Neurons);
        _spanWidths = LayerSpans.Widths(options.SpanWidths, config.Layers);
        UnitScore[] PerLayer(string what, int units) => [.. Enumerable.Range(0, config.Layers).Select(layer => new UnitScore($"layer {layer}, {what}", units))];
        _neurons = PerLayer(_neuronValues == NeuronValues.Intermediate ? "the input of the down projection" : "what enters the activation", config.IntermediateSize);
        _heads = PerLayer("the output of attention", config.QueryHeads);
        var (before, after) = (PerLayer("the norm before attention", config.HiddenSize), PerLayer("the norm before the feed-forward block", config.HiddenSize));
        _norms = [.. before.Zip(after, (first, second) => (UnitScore[])[first, second]).SelectMany(pair => pair), new("the final norm", config.HiddenSize)];
        _cosines = _spanWidths.ToDictionary(w => w, w => new double[config.Layers - w + 1]);
        _streams = new Tensor?[config.Layers + 1];
    }

    /// <summary>Given to <see cref="Decoder.Forward"/>, once a batch, without gradients.</summary>
    public void Record(TapPoint point, int layer, Tensor value)
    {
        switch (point)
        {
            case TapPoint.BlockInput:
                Stream(layer, value);
                break;
            case TapPoint.InputNorm:
                _norms[2 * layer].Add(value);
                break;
            case TapPoint.AttentionOutput:
                AddHeads(layer, value);
                break;
            case TapPoint.PostAttentionNorm:
                _norms[2 * layer + 1].Add(value);
                break;
            case TapPoint.MlpPreActivation when _neuronValues == NeuronValues.PreActivation:
            case TapPoint.MlpIntermediate when _neuronValues == NeuronValues.Intermediate:
                _neurons[layer].Add(value);
                break;
            case TapPoint.BlockOutput when layer == _config.Layers - 1:
                Stream(layer + 1, value);
                ClearStreams();
                break;
            case TapPoint.FinalNorm:
                _norms[^1].Add(value);
                _samples += value.Size(0);
                _positions += value.Size(0) * value.Size(1);
                break;
        }
    }

    public ImportanceScores Result(Aggregator aggregator, int sampleLength)
    {
        double[][] Scores(UnitScore[] units) => [.. units.Select(unit => unit.Result(aggregator))];
        var perNorm = Scores(_norms);
        var channels = new double[_config.HiddenSize];
        foreach (var norm in perNorm)
            for (var i = 0; i < channels.Length; i++)
                channels[i] += norm[i];
        return new()
        {
            Method = ScoreMethod.Activation,
            Batch = Aggregator.NameOf(aggregator.Batch),
            Sequence = Aggregator.NameOf(aggregator.Sequence),
            NeuronValues = _neuronValues,
            Samples = _samples,
            SampleLength = sampleLength,
            Neurons = Scores(_neurons),
            Heads = Scores(_heads),
            ChannelsPerNorm = perNorm,
            Channels = channels,
            BlockInfluence = _cosines.ToDictionary(pair => pair.Key, pair => pair.Value.Select(sum => 1 - sum / _positions).ToArray()),
        };
    }

    public void Dispose() => ClearStreams();

    private void AddHeads(int layer, Tensor y_BTNH)
    {
        using var scope = TensorScope.Begin();
        _heads[layer].Add(y_BTNH.RowNorms());
    }

    /// <summary>The residual stream before block i (i = layers: after the last one): closes every span that ends here.</summary>
    private void Stream(int i, Tensor x_BTD)
    {
        using var scope = TensorScope.Begin();
        foreach (var width in _spanWidths)
            if (i >= width)
                _cosines[width][i - width] += SumOfCosines(_streams[i - width]!, x_BTD);
        _streams[i] = x_BTD.Detach().Unscoped();
        var noLongerNeeded = i - _spanWidths[^1];
        if (noLongerNeeded >= 0)
        {
            _streams[noLongerNeeded]!.Dispose();
            _streams[noLongerNeeded] = null;
        }
    }

    private static double SumOfCosines(Tensor a_BTD, Tensor b_BTD) => a_BTD.RowCosines(b_BTD).ToArray<double>().Sum();

    private void ClearStreams()
    {
        for (var i = 0; i < _streams.Length; i++)
        {
            _streams[i]?.Dispose();
            _streams[i] = null;
        }
    }
}
