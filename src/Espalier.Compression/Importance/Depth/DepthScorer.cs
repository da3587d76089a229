using Espalier.Compression.Data.Batches;
using Espalier.Compression.Importance.Depth.Metrics;

namespace Espalier.Compression.Importance.Depth;

/// <summary>Scores the layers of a model: each by itself, contiguous spans, and greedy sequences.</summary>
internal static class DepthScorer
{
    /// <summary>Runs the scans.</summary>
    /// <param name="model">The model; read only.</param>
    /// <param name="windows">Calibration text; null where every metric reads the task.</param>
    /// <param name="task">Null where no metric reads it.</param>
    /// <param name="progress">Receives samples and choices.</param>
    /// <param name="stop">Stops between two layers.</param>
    /// <exception cref="EspalierException">
    /// A width or a number of layers that the model does not have, too little text, no text or task where one is needed, or the whole
    /// model's value is not finite. Layers without which a value is not finite have infinite harm, and a warning names them.
    /// </exception>
    public static DepthScores Run(Decoder model, WindowSet? windows, DepthTask? task, DepthOptions options,
        IProgressReporter progress, CancellationToken stop = default)
    {
        Check(model.Config.Layers, options);
        var kinds = options.Metrics.Distinct().Order().ToArray();
        var found = new Dictionary<DepthMetricKind, DepthMetricScores>();
        var readsText = kinds.Any(kind => kind != DepthMetricKind.Task);
        if (readsText)
        {
            var text = windows ?? throw new EspalierException("scoring layers needs text: give some");
            ImportanceScorer.Check(text, options.Samples);
            Add(new WindowData(text, options.Samples, options.Batch),
                [.. kinds.Where(kind => kind != DepthMetricKind.Task).Select(MetricOf)]);
        }
        if (kinds.Contains(DepthMetricKind.Task))
            Add(new ChoiceData(task
                ?? throw new EspalierException("the metric task needs a multiple-choice task: give one"), options.Batch),
                [new TaskMetric(task)]);
        return new()
        {
            Layers = model.Config.Layers,
            Samples = readsText ? options.Samples : 0,
            SampleLength = readsText ? windows!.SequenceLength : 0,
            Metrics = found,
        };

        void Add(DepthData data, DepthMetric[] metrics)
        {
            foreach (var (kind, scores) in new Scorer(model, data, metrics, options, progress, stop).Run())
                found.Add(kind, scores);
        }
    }

    /// <summary>Refuses what the model cannot be asked; a recipe asks before it starts.</summary>
    internal static void Check(int layers, DepthOptions options)
    {
        foreach (var width in options.Widths.Append(Math.Max(1, options.Greedy)))
            if (width < 1 || width >= layers)
                throw new EspalierException($"{width} layers cannot be dropped from a model with {layers}: drop 1 to {layers - 1}");
        if (options.Metrics.Count == 0)
            throw new EspalierException(
                $"no metric was given: use one of {string.Join(", ", Enum.GetValues<DepthMetricKind>().Select(EnumName.Of))}");
    }

    private static DepthMetric MetricOf(DepthMetricKind kind) => kind switch
    {
        DepthMetricKind.BlockInfluence => new BlockInfluenceMetric(),
        DepthMetricKind.Angular => new AngularMetric(),
        DepthMetricKind.LmLoss => new LmLossMetric(),
        DepthMetricKind.LogitMse => new LogitMseMetric(),
        _ => throw new InvalidOperationException($"metric {kind}"),
    };

    private sealed class Scorer(Decoder model, DepthData data, DepthMetric[] metrics, DepthOptions options, IProgressReporter progress,
        CancellationToken stop)
    {
        private readonly DepthScan _scan = new(model);
        private readonly int[] _all = [.. Enumerable.Range(0, model.Config.Layers)];

        public IEnumerable<(DepthMetricKind Kind, DepthMetricScores Scores)> Run()
        {
            int[] widths = [.. options.Widths.Append(1).Distinct().Order()];
            DepthSpan[] variants = [.. widths.SelectMany(width => DepthSpan.All(_all.Length, width)), DepthSpan.None(_all.Length)];
            _scan.Run(data, _all, variants, metrics, "depth", progress, stop);
            var first = metrics.Select(metric => Finite(metric, _all, variants)).ToArray();
            var accuracies = metrics.Select(metric => (metric as TaskMetric)?.Accuracies()).ToArray();
            var greedy = Greedy([.. first.Select(values => values[..(_all.Length)])]);
            return metrics.Select((metric, m) => (metric.Kind, new DepthMetricScores
            {
                Whole = first[m][^1],
                Singles = first[m][.._all.Length],
                Spans = widths.Where(width => width > 1).ToDictionary(width => width, width =>
                    variants.Index().Where(variant => variant.Item.Width == width).Select(variant => first[m][variant.Index]).ToArray()),
                Removed = [.. greedy[m].Select(step => step.Layer)],
                RemovedValues = [.. greedy[m].Select(step => step.Value)],
                WholeAccuracy = accuracies[m]?[^1],
                Accuracies = accuracies[m]?[.._all.Length],
            }));
        }

        /// <summary>All metrics' sequences round by round; those that have removed the same layers so far share a scan.</summary>
        private List<(int Layer, double Value)>[] Greedy(double[][] singles)
        {
            var steps = metrics.Select(_ => new List<(int Layer, double Value)>()).ToArray();
            for (var round = 0; round < options.Greedy; round++)
            {
                foreach (var alike in Enumerable.Range(0, metrics.Length)
                    .GroupBy(m => string.Join(' ', steps[m].Select(step => step.Layer).Order())).ToArray())
                {
                    int[] layers = [.. _all.Except(steps[alike.First()].Select(step => step.Layer))];
                    DepthSpan[] variants = [.. DepthSpan.All(layers.Length, 1)];
                    DepthMetric[] asked = [.. alike.Select(m => metrics[m])];
                    if (round > 0)
                        _scan.Run(data, layers, variants, asked, $"depth: {round + 1} of {options.Greedy} layers out", progress, stop);
                    foreach (var m in alike)
                    {
                        var values = round == 0 ? singles[m] : Finite(metrics[m], layers, variants);
                        var least = Enumerable.Range(0, values.Length).MinBy(i => values[i]);
                        DepthMetricScores.RequireFinite(values[least]);
                        steps[m].Add((layers[least], values[least]));
                    }
                }
            }
            return steps;
        }

        private double[] Finite(DepthMetric metric, int[] layers, DepthSpan[] variants)
        {
            var values = metric.Values();
            foreach (var (at, value) in values.Index().Where(entry => !double.IsFinite(entry.Item))
                .OrderBy(entry => variants[entry.Index].Width).ToArray())
            {
                var what = $"depth: {EnumName.Of(metric.Kind)} {Where(layers, variants[at])} is {value}";
                // Streams are those of the whole model, whatever is left out.
                if (variants[at].Width == 0 || !metric.RunsVariants)
                    throw new NotFiniteException($"{what}; the model's activations are not finite, look at its weights and at the text");
                progress.Warn($"{what}: the harm of leaving that out counts as infinite");
                values[at] = double.PositiveInfinity;
            }
            return values;
        }

        private static string Where(int[] layers, DepthSpan span) => span.Width switch
        {
            0 => "of the whole model",
            1 => $"without layer {layers[span.First]}",
            _ => $"without layers {layers[span.First]} to {layers[span.Next - 1]}",
        };
    }
}
