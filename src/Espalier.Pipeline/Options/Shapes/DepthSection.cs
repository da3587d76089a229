using Espalier.Compression.Importance.Depth;

namespace Espalier.Pipeline.Options.Shapes;

/// <summary>
/// What is asked of a model's layers: the options of <c>depth</c>, or what <c>score</c> and <c>prune</c> of a recipe come to.
/// </summary>
internal sealed record DepthSection
{
    /// <summary>A benchmark of choices or a file of items, for the metric that reads them; null for none.</summary>
    public string? Task { get; init; }

    /// <summary>What layers are judged by, each once.</summary>
    public IReadOnlyList<DepthMetricKind> Metrics { get; init; } = [];

    /// <summary>Calibration samples.</summary>
    public int Samples { get; init; } = new ScoreSection().DepthSamples;

    /// <summary>Widths of spans that are wanted beside single layers.</summary>
    public IReadOnlyList<int> Spans { get; init; } = [];

    /// <summary>Layers that a greedy sequence removes; 0 for none.</summary>
    public int Greedy { get; init; }

    /// <summary>Whether a metric reads text.</summary>
    internal bool ReadsText => Metrics.Any(metric => metric != DepthMetricKind.Task);

    /// <summary>As the method takes it.</summary>
    /// <param name="batch">Samples of one forward pass.</param>
    internal DepthOptions Options(int batch) =>
        new() { Metrics = Metrics, Samples = Samples, Batch = batch, Widths = Spans, Greedy = Greedy };

    /// <summary>The keys: options of <c>depth</c> alone.</summary>
    internal static IReadOnlyList<Key<DepthSection>> Keys { get; } =
    [
        new Key<DepthSection, IReadOnlyList<DepthMetricKind>>(
            "metrics", ListOrAll(Kinds.Choices<DepthMetricKind>()), s => s.Metrics,
            (s, metrics) => s with { Metrics = metrics.Count == 0 ? All(s) : metrics })
        {
            Help = $"How layers are judged: {string.Join(", ", Enum.GetValues<DepthMetricKind>().Select(EnumName.Of))}, a list of them, "
                + "or all (task only with --task)",
            Refused = (s, metrics) => metrics.Contains(DepthMetricKind.Task) ? s.Task is null
                    ? "the metric task needs a multiple-choice benchmark; name one with --task arc_easy, or give items with "
                        + "--task FILE.jsonl" : null
                : s.Task is null || metrics.Count == 0 ? null : "--task was given; add task to the metrics, or leave --task out",
            Otherwise = s => s with { Metrics = All(s) },
            StageName = "metric",
            StageValue = s => string.Join(", ", s.Metrics.Select(EnumName.Of)),
        },
        new Key<DepthSection, int>("samples", Kinds.Size(), s => s.Samples, (s, samples) => s with { Samples = samples })
        {
            Help = "Calibration samples: the first N windows, without overlap",
            Useless = s => s.ReadsText ? null : "the only metric is task, which reads no text; leave it out",
            Stage = InStageKey.WhereItMatters,
        },
        new Key<DepthSection, IReadOnlyList<int>>("spans", Kinds.Counts("2,4"), s => s.Spans, (s, spans) => s with { Spans = spans })
        {
            Help = "Widths of additional spans of layers, such as 2,4",
        },
        new Key<DepthSection, int>(
            "drop", Kinds.Size(), s => s.Greedy, (s, dropped) => s with { Greedy = dropped, Spans = [.. s.Spans, dropped] })
        {
            Help = "Number of layers to remove: finds the best span, single layers and greedy sequence of that many by each metric",
            ShowsDefault = false,
            StageName = "greedy",
        },
        new Key<DepthSection, string?>("task", Kinds.Text("TASK"), s => s.Task, (s, file) => s with { Task = file })
        {
            Help = "Multiple-choice benchmark (arc_easy, or a task file), or a file of items, one JSON object per line: context, "
                + "choices, answer",
            Turn = -1,
            // Their content is an input.
            Stage = InStageKey.Never,
        },
    ];

    /// <summary>The keys by their name for errors.</summary>
    internal static Section Section { get; } = new("depth", Keys);

    /// <summary>A list, or all, which is an empty one.</summary>
    private static Kind<IReadOnlyList<DepthMetricKind>> ListOrAll(Kind<IReadOnlyList<DepthMetricKind>> list) => list with
    {
        Read = (fields, key) => fields.Texts(key) is ["all"] ? [] : list.Read(fields, key),
        Write = metrics => metrics.Count == 0 ? JsonValue.Create("all") : list.Write(metrics),
    };

    private static IReadOnlyList<DepthMetricKind> All(DepthSection section) =>
        [.. Enum.GetValues<DepthMetricKind>().Where(kind => kind != DepthMetricKind.Task || section.Task is not null)];
}
