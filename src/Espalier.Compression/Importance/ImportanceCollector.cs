using Espalier.Models;
using Espalier.Torch;

namespace Espalier.Compression.Importance;

// Shapes: B batch, T time, D model width, F feed-forward width, N query heads, H head width.

/// <summary>
/// Activation importance of all axes by all aggregators in one forward pass, as taps (Minitron, arXiv 2407.14679, section 2.2): neurons, heads, embedding
/// channels, and the block influence of layers and contiguous spans. Sums in float64. Every batch has a tap of its own, so that batches may go through the
/// model one after the other or layer by layer: as long as each layer sees them in the same order, the sums have the same bits.
/// </summary>
internal sealed class ImportanceCollector : IDisposable
{
    private readonly DecoderConfig _config;
    private readonly NeuronValues _neuronValues;
    private readonly BlockInfluence _influence;
    private readonly UnitScore[] _neurons, _heads, _norms;
    private readonly List<StreamHistory> _histories = [];
    private long _samples, _positions;

    public ImportanceCollector(DecoderConfig config, ScoreOptions options)
    {
        (_config, _neuronValues) = (config, options.Neurons);
        _influence = new(config.Layers, options.SpanWidths);
        UnitScore[] PerLayer(string what, int units) => [.. Enumerable.Range(0, config.Layers).Select(layer => new UnitScore($"layer {layer}, {what}", units))];
        _neurons = PerLayer(_neuronValues == NeuronValues.Intermediate ? "the input of the down projection" : "what enters the activation", config.IntermediateSize);
        _heads = PerLayer("the output of attention", config.QueryHeads);
        var (before, after) = (PerLayer("the norm before attention", config.HiddenSize), PerLayer("the norm before the feed-forward block", config.HiddenSize));
        _norms = [.. before.Zip(after, (first, second) => (UnitScore[])[first, second]).SelectMany(pair => pair), new("the final norm", config.HiddenSize)];
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
            case TapPoint.MlpPreActivation when _neuronValues == NeuronValues.PreActivation:
            case TapPoint.MlpIntermediate when _neuronValues == NeuronValues.Intermediate:
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
            BlockInfluence = _influence.Result(_positions),
        };
    }

    public void Dispose() => _histories.ForEach(history => history.Dispose());

    private void AddHeads(int layer, Tensor y_BTNH)
    {
        using var scope = TensorScope.Begin();
        _heads[layer].Add(y_BTNH.RowNorms());
    }
}
