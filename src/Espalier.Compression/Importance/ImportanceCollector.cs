using Espalier.Compression.Importance.Residuals;
using Espalier.Compression.Importance.Values;

namespace Espalier.Compression.Importance;

// Shapes: B batch, T time, D model width, F feed-forward width, N query heads, H head width.

/// <summary>
/// Activation importance of all axes by all aggregators in one forward pass, as taps (Minitron, arXiv 2407.14679, section 2.2): neurons,
/// heads, embedding channels, and the block influence of layers and contiguous spans. Sums in float64. Every batch has a tap of its own, so
/// that batches may go through the model one after the other or layer by layer: as long as each layer sees them in the same order, the sums
/// have the same bits.
/// </summary>
internal sealed class ImportanceCollector : IDisposable
{
    private readonly DecoderConfig _config;
    private readonly NeuronValues _neuronValues;
    private readonly ExpertValues _expertValues;
    private readonly BlockInfluence _influence;
    private readonly Dictionary<(Axis Axis, int Layer, TapPoint Point, int Expert), UnitScore> _units = [];
    private readonly List<StreamHistory> _histories = [];
    private readonly List<RoutedBatch> _routed = [];
    private readonly RoutingSums? _routing;
    private long _samples, _positions;

    public ImportanceCollector(DecoderConfig config, ScoreOptions options)
    {
        (_config, _neuronValues) = (config, options.Neurons);
        _expertValues = options.Experts;
        _influence = new(config.Layers, options.SpanWidths);
        _routing = config.LayersWithExperts > 0 ? new(config) : null;
        // In the order in which a pass meets them: what is added up over the network is added up in it.
        foreach (var axis in Axis.Scored.Where(axis => axis.IsIn(config)))
            for (var layer = 0; layer <= config.Layers; layer++)
                foreach (var point in PointsOf(axis).Where(point => point == TapPoint.FinalNorm == (layer == config.Layers)))
                    for (var expert = 0; expert < (axis.IsPerExpert ? config.Experts : 1); expert++)
                        _units.Add((axis, layer, point, expert),
                            new(PlaceOf(point, layer) + (axis.IsPerExpert ? $", expert {expert}" : ""),
                                MixerHeads.At(point, config) is { } heads ? heads.Channels : axis.Of(config)));
    }

    /// <summary>How many blocks the streams of a batch must be remembered for.</summary>
    public int WidestSpan => _influence.Widest;

    /// <summary>
    /// The tap of one batch that goes through the model in one piece, given to <see cref="Decoder.Forward"/> without gradients.
    /// </summary>
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
    /// The tap of one batch whose history has been told what enters the first block, and is told what leaves each. It is disposed after the
    /// batch's last value, and else with this.
    /// </summary>
    public Tap Batch(StreamHistory history)
    {
        _histories.Add(history);
        var routed = _config.LayersWithExperts > 0 ? new RoutedBatch(_config.Experts) : null;
        if (routed is not null)
            _routed.Add(routed);
        return (point, layer, value) =>
        {
            Record(history, routed, point, layer, value);
            if (point != TapPoint.FinalNorm)
                return;
            routed?.Dispose();
            _histories.Remove(history);
            history.Dispose();
        };
    }

    private void Record(StreamHistory history, RoutedBatch? routed, TapPoint point, int layer, Tensor value)
    {
        if (point == TapPoint.ExpertChoice)
            routed!.Choose(value);
        else if (point == TapPoint.ExpertWeights)
            routed!.Weigh(value);
        Route(routed, point, layer, value);
        foreach (var axis in Axis.Scored)
            if (_units.TryGetValue((axis, point == TapPoint.FinalNorm ? _config.Layers : layer, point, 0), out var units))
                if (axis.IsPerExpert)
                    routed!.OfNeurons(value, (expert, neurons) => Add(_units[(axis, layer, point, expert)], neurons));
                else if (axis == Axis.Experts)
                    Add(units, routed!.OfExperts(value, _expertValues));
                else
                    Add(units, MixerHeads.At(point, _config) is null ? value : value.Reshape(value.Size(0), value.Size(1), -1));
        if (point == TapPoint.BlockOutput)
            _influence.Add(layer + 1, value, history);
        if (point != TapPoint.FinalNorm)
            return;
        _samples += value.Size(0);
        _positions += value.Size(0) * value.Size(1);
    }

    private void Route(RoutedBatch? routed, TapPoint point, int layer, Tensor value)
    {
        using var scope = TensorScope.Begin();
        if (point == TapPoint.RouterLogits)
            _routing!.AddLogits(layer, value);
        else if (point == TapPoint.ExpertWeights)
            _routing!.AddMass(layer, routed!.OfExperts(value, ExpertValues.Mass));
    }

    /// <summary>The scores, by one of the aggregators.</summary>
    public ImportanceScores Result(Aggregator aggregator, int sampleLength)
    {
        var perNorm = RowsOf(Axis.Hidden);
        // What is infinite inside is divided away by the norms, and scores that are all alike look sound.
        if (aggregator is { Batch: not Aggregation.Variance, Sequence: not Aggregation.Variance } && perNorm[^1].All(score => score == 0))
            throw new NotFiniteException("importance: the final norm gives nothing but zeros, as where the squares of its inputs are "
                + "beyond float32: look at the model's weights and at the calibration text");
        return new()
        {
            Method = ScoreMethod.Activation,
            Batch = Aggregator.NameOf(aggregator.Batch),
            Sequence = Aggregator.NameOf(aggregator.Sequence),
            NeuronValues = _neuronValues,
            ExpertValues = _expertValues,
            Samples = _samples,
            SampleLength = sampleLength,
            Units = new(axis => !Axis.Scored.Contains(axis) || !axis.IsIn(_config) ? null
                : axis.IsPerLayer ? RowsOf(axis) : [Sum(RowsOf(axis))]),
            ChannelsPerNorm = perNorm,
            BlockInfluence = _influence.Result(_positions),
            Routing = _routing?.Result(_positions),
        };

        double[][] RowsOf(Axis axis) => [.. _units.Where(pair => pair.Key.Axis == axis).Select(pair =>
            pair.Key.Layer < _config.Layers && !Passes(axis, pair.Key.Point, _config.LayerKinds[pair.Key.Layer])
                ? new double[axis.Of(_config)]
                : MixerHeads.At(pair.Key.Point, _config) is { } heads ? heads.ScoresOf(axis, pair.Value.Result(aggregator))
                : pair.Value.Result(aggregator))];
    }

    // A block that is one half has no norm before the other.
    private static bool Passes(Axis axis, TapPoint point, LayerKind kind) => axis.IsIn(kind) && point switch
    {
        TapPoint.InputNorm => kind.HasMixer,
        TapPoint.PostAttentionNorm => kind.HasFeedForward,
        _ => true,
    };

    public void Dispose()
    {
        _histories.ForEach(history => history.Dispose());
        _routed.ForEach(routed => routed.Dispose());
        _routing?.Dispose();
    }

    /// <summary>Where an axis is read: of neurons it can be chosen.</summary>
    private IEnumerable<TapPoint> PointsOf(Axis axis) =>
        axis.Taps.Select(point => _neuronValues != NeuronValues.PreActivation ? point : point switch
        {
            TapPoint.MlpIntermediate => TapPoint.MlpPreActivation,
            TapPoint.ExpertIntermediate => TapPoint.ExpertPreActivation,
            TapPoint.SharedIntermediate => TapPoint.SharedPreActivation,
            _ => point,
        });

    /// <summary>For errors.</summary>
    private static string PlaceOf(TapPoint point, int layer) => point switch
    {
        TapPoint.FinalNorm => "the final norm",
        TapPoint.InputNorm => $"layer {layer}, the norm before attention",
        TapPoint.AttentionOutput => $"layer {layer}, the output of attention",
        TapPoint.PostAttentionNorm => $"layer {layer}, the norm before the feed-forward block",
        TapPoint.MlpPreActivation => $"layer {layer}, what enters the activation",
        TapPoint.MlpIntermediate => $"layer {layer}, the input of the down projection",
        TapPoint.MambaProjection => $"layer {layer}, x of the Mamba mixer",
        TapPoint.DeltaOutput => $"layer {layer}, the output of linear attention",
        TapPoint.ExpertOutput => $"layer {layer}, the output of the experts",
        TapPoint.ExpertPreActivation or TapPoint.SharedPreActivation => $"layer {layer}, what enters the activation",
        TapPoint.ExpertIntermediate or TapPoint.SharedIntermediate => $"layer {layer}, the input of the down projection",
        _ => $"layer {layer}, {point}",
    };

    /// <summary>A unit with several entries is as large as their norm.</summary>
    private static void Add(UnitScore units, Tensor value)
    {
        using var scope = TensorScope.Begin();
        units.Add(value.Dimensions == 4 ? value.RowNorms() : value);
    }

    private static double[] Sum(double[][] rows)
    {
        var sums = new double[rows[0].Length];
        foreach (var row in rows)
            for (var i = 0; i < sums.Length; i++)
                sums[i] += row[i];
        return sums;
    }
}
