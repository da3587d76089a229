using Espalier.Models;
using Espalier.Torch;

namespace Espalier.Compression.Importance;

// Shapes: B batch, T time, D model width, F feed-forward width, N query heads, H head width.

/// <summary>
/// Activation importance of all axes in one forward pass, as taps (Minitron, arXiv 2407.14679, section 2.2): neurons, heads, embedding
/// channels, and the block influence of layers and contiguous spans. Sums in float64. Every batch has a tap of its own, so that batches may go through the
/// model one after the other or layer by layer; as long as each layer sees them in the same order, the sums have the same bits.
/// </summary>
internal sealed class ImportanceCollector : IDisposable
{
    private readonly DecoderConfig _config;
    private readonly Aggregator _aggregator;
    private readonly int[] _spanWidths;
    private readonly UnitScore[] _neurons, _heads, _norms;
    private readonly Dictionary<int, double[]> _cosines;
    private readonly List<StreamHistory> _histories = [];
    private long _samples, _positions;

    public ImportanceCollector(DecoderConfig config, Aggregator aggregator, IEnumerable<int> spanWidths)
    {
        (_config, _aggregator) = (config, aggregator);
        _spanWidths = [.. spanWidths.Append(1).Distinct().Order()];
        if (_spanWidths[0] < 1 || _spanWidths[^1] > config.Layers)
            throw new EspalierException($"a span of {(_spanWidths[0] < 1 ? _spanWidths[0] : _spanWidths[^1])} layers was asked for and the model has {config.Layers}");
        UnitScore[] Make(int count, long units) => [.. Enumerable.Range(0, count).Select(_ => new UnitScore(aggregator, units))];
        _neurons = Make(config.Layers, config.IntermediateSize);
        _heads = Make(config.Layers, config.QueryHeads);
        _norms = Make(2 * config.Layers + 1, config.HiddenSize);
        _cosines = _spanWidths.ToDictionary(w => w, w => new double[config.Layers - w + 1]);
    }

    /// <summary>The tap of one batch, given to <see cref="Decoder.Forward"/> without gradients.</summary>
    public Tap Batch()
    {
        var history = new StreamHistory(_config.Layers, _spanWidths[^1]);
        _histories.Add(history);
        return (point, layer, value) => Record(history, point, layer, value);
    }

    private void Record(StreamHistory history, TapPoint point, int layer, Tensor value)
    {
        switch (point)
        {
            case TapPoint.BlockInput when layer == 0:
                history.Add(0, value);
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
            case TapPoint.MlpIntermediate:
                _neurons[layer].Add(value);
                break;
            case TapPoint.BlockOutput:
                CloseSpans(history, layer + 1, value);
                break;
            case TapPoint.FinalNorm:
                _norms[^1].Add(value);
                _histories.Remove(history);
                history.Dispose();
                _samples += value.Size(0);
                _positions += value.Size(0) * value.Size(1);
                break;
        }
    }

    public ImportanceScores Result(int sampleLength)
    {
        var perNorm = _norms.Select(score => score.Result()).ToArray();
        var channels = new double[_config.HiddenSize];
        foreach (var norm in perNorm)
            for (var i = 0; i < channels.Length; i++)
                channels[i] += norm[i];
        return new()
        {
            Batch = _aggregator.Batch.ToString().ToLowerInvariant(),
            Sequence = _aggregator.Sequence.ToString().ToLowerInvariant(),
            Samples = _samples,
            SampleLength = sampleLength,
            Neurons = [.. _neurons.Select(score => score.Result())],
            Heads = [.. _heads.Select(score => score.Result())],
            ChannelsPerNorm = perNorm,
            Channels = channels,
            BlockInfluence = _cosines.ToDictionary(pair => pair.Key, pair => pair.Value.Select(sum => 1 - sum / _positions).ToArray()),
        };
    }

    public void Dispose()
    {
        _histories.ForEach(history => history.Dispose());
        foreach (var score in _neurons.Concat(_heads).Concat(_norms))
            score.Dispose();
    }

    private void AddHeads(int layer, Tensor y_BTNH)
    {
        using var scope = TensorScope.Begin();
        _heads[layer].Add(y_BTNH.Norm([-1]));
    }

    /// <summary>The residual stream after i blocks: closes every span that ends here.</summary>
    private void CloseSpans(StreamHistory history, int i, Tensor x_BTD)
    {
        using var scope = TensorScope.Begin();
        foreach (var width in _spanWidths)
            if (i >= width)
                _cosines[width][i - width] += SumOfCosines(history[i - width], x_BTD);
        history.Add(i, x_BTD);
    }

    private static double SumOfCosines(Tensor a_BTD, Tensor b_BTD)
    {
        var dot = a_BTD.Mul(b_BTD).Sum([-1]);
        var norms = a_BTD.Norm([-1]).Mul(b_BTD.Norm([-1]));
        return dot.Div(norms).Sum(DType.Float64).Item();
    }
}
