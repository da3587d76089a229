using Espalier.Models;
using Espalier.Torch;

namespace Espalier.Compression.Importance;

// Shapes: B batch, T time, D model width, F feed-forward width, N query heads, H head width.

/// <summary>
/// Activation importance of all axes in one forward pass, as taps (Minitron, arXiv 2407.14679, section 2.2): neurons, heads, embedding
/// channels, and the block influence of layers and contiguous spans. Sums in float64. Every batch has a tap of its own, so that batches may go through the
/// model one after the other or layer by layer: as long as each layer sees them in the same order, the sums have the same bits.
/// </summary>
internal sealed class ImportanceCollector : IDisposable
{
    private readonly DecoderConfig _config;
    private readonly Aggregator _aggregator;
    private readonly BlockInfluence _influence;
    private readonly UnitScore[] _neurons, _heads, _norms;
    private readonly List<StreamHistory> _histories = [];
    private long _samples, _positions;

    public ImportanceCollector(DecoderConfig config, Aggregator aggregator, IEnumerable<int> spanWidths)
    {
        (_config, _aggregator) = (config, aggregator);
        _influence = new(config.Layers, spanWidths);
        UnitScore[] Make(int count, long units) => [.. Enumerable.Range(0, count).Select(_ => new UnitScore(aggregator, units))];
        _neurons = Make(config.Layers, config.IntermediateSize);
        _heads = Make(config.Layers, config.QueryHeads);
        _norms = Make(2 * config.Layers + 1, config.HiddenSize);
    }

    /// <summary>How many blocks the streams of a batch must be remembered for.</summary>
    public int WidestSpan => _influence.Widest;

    /// <summary>The tap of one batch that goes through the model in one piece, given to <see cref="Decoder.Forward"/> without gradients.</summary>
    public Tap Batch()
    {
        var history = new LiveStreams(_config.Layers, WidestSpan);
        var tap = Batch(history);
        return (point, layer, value) =>
        {
            if (point == TapPoint.BlockInput && layer == 0)
                history.Add(0, value);
            tap(point, layer, value);
        };
    }

    /// <summary>
    /// The tap of one batch whose history has been told what enters the first block, and is told what leaves each. It is disposed after the batch's last value, and else with this.
    /// </summary>
    public Tap Batch(StreamHistory history)
    {
        _histories.Add(history);
        return (point, layer, value) =>
        {
            Record(history, point, layer, value);
            if (point != TapPoint.FinalNorm)
                return;
            _histories.Remove(history);
            history.Dispose();
        };
    }

    private void Record(StreamHistory history, TapPoint point, int layer, Tensor value)
    {
        switch (point)
        {
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
                _influence.Add(layer + 1, value, history);
                break;
            case TapPoint.FinalNorm:
                _norms[^1].Add(value);
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
            BlockInfluence = _influence.Result(_positions),
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
}
