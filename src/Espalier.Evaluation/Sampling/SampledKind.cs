using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.Sampling;

/// <summary>
/// A kind whose questions are answered several times by sampling, beside the one greedy answer: what is right or wrong has a pass@k
/// (<see cref="PassAtK"/>), all else the mean over attempts. Standard errors are over documents, so that answers to one belong together.
/// </summary>
internal sealed record SampledKind : TaskKind
{
    private readonly Dictionary<string, SampledMetric> _sampled;

    /// <summary>Has a task's questions answered several times.</summary>
    private SampledKind(WrittenKind inner, Attempts attempts)
    {
        (Inner, Attempts) = (inner, attempts);
        SampledMetric[] sampled = [.. inner.Sampled.SelectMany(metric => SampledMetric.Of(metric, attempts.Count))];
        _sampled = sampled.ToDictionary(metric => metric.Metric.Name);
        Metric[] counted = [.. sampled.Select(metric => metric.Metric)];
        // Models are compared by what they are compared by without attempts, of sampled answers where that has a meaning.
        Metrics = inner.Sampled[0].Name == inner.Metrics[0].Name ? [.. counted, .. inner.Metrics] : [.. inner.Metrics, .. counted];
    }

    /// <summary>A task whose questions are answered several times.</summary>
    /// <exception cref="EspalierException">A model writes nothing to it, or one answer alone.</exception>
    public static TaskDefinition Of(TaskDefinition task, Attempts attempts)
    {
        if (task.Kind is not WrittenKind kind)
            throw new EspalierException($"task {task.Name}: is of kind {task.Kind.Name}, for which a model generates no text, so there is "
                + "nothing to attempt again: leave attempts out, or run this task separately");
        if (kind.Sampled.Count == 0)
            throw new EspalierException(
                $"task {task.Name}: is of kind {kind.Name}, whose questions are answered once: leave attempts out, "
                + "or run this task separately");
        return task with { Kind = new SampledKind(kind, attempts) };
    }

    /// <summary>The kind, as it is asked once.</summary>
    public WrittenKind Inner { get; }

    public override Attempts Attempts { get; }

    public override IReadOnlyList<Metric> Metrics { get; }

    /// <inheritdoc/>
    /// <remarks>By what models are compared by: the mean over attempts moves sooner than one greedy answer.</remarks>
    public override IReadOnlyList<TaskLoss> Losses => Metrics[0].Name == Inner.Metrics[0].Name ? Inner.Losses : base.Losses;

    public override string Name => Inner.Name;

    public override bool HasDocuments => Inner.HasDocuments;

    public override bool HasPrompt => Inner.HasPrompt;

    public override bool NeedsFirst => Inner.NeedsFirst;

    public override string? NotInRecipes => Inner.NotInRecipes;

    public override IReadOnlyList<string> OtherFiles => Inner.OtherFiles;

    public override bool TakesChatTemplate => Inner.TakesChatTemplate;

    public override bool TakesShots => Inner.TakesShots;

    public override string WhatIsCut(int shots) => Inner.WhatIsCut(shots);

    public override bool IsScored(TaskSettings settings) => Inner.IsScored(settings);

    public override string TextOf(TaskDefinition task, TaskDocument document) => Inner.TextOf(Once(task), document);

    public override void CheckModel(TaskDefinition task, TaskSettings settings, string model, int positions) =>
        Inner.CheckModel(Once(task), settings, model, positions);

    public override TaskQuestions Questions(TaskDefinition task, TaskSettings settings) =>
        new SampledQuestions(Inner.Questions(Once(task), settings), this);

    /// <summary>How a metric comes from attempts; null where it is the greedy answer's.</summary>
    public SampledMetric? Find(string metric) => _sampled.GetValueOrDefault(metric);

    private TaskDefinition Once(TaskDefinition task) => task with { Kind = Inner };
}
