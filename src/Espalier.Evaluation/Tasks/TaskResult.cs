using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Tasks;

/// <summary>What a model made of one subject of a task.</summary>
/// <param name="Name">The subject; empty where the task has one.</param>
internal sealed record SubjectResult(string Name, IReadOnlyList<DocumentResult> Documents);

/// <summary>What a model made of a task.</summary>
/// <param name="Seconds">Seconds of scoring, without loading.</param>
internal sealed record TaskResult(TaskDefinition Task, int Shots, IReadOnlyList<SubjectResult> Subjects, double Seconds)
{
    /// <summary>All documents, subject by subject.</summary>
    public IReadOnlyList<DocumentResult> Documents { get; } = [.. Subjects.SelectMany(subject => subject.Documents)];

    /// <summary>How many contexts were cut on the left, for the model has not so many positions.</summary>
    public int Cut => Documents.Count(document => document.Cut > 0);

    /// <summary>What is said of these; null where there are none.</summary>
    public string? CutNote(int positions) => Cut == 0 ? null
        : $"{Task.Name}: {Cut} contexts are longer than the model's {positions} positions and {Task.Kind.WhatIsCut(Shots)}";

    /// <summary>What is counted, the first of which models are compared by.</summary>
    public IReadOnlyList<Metric> Metrics => Task.Kind.Metrics;

    /// <summary>
    /// All metrics over all documents, subjects by their size; without a metric for which no document weighs anything, and without those of
    /// <see cref="Boundless"/>.
    /// </summary>
    public IReadOnlyList<TaskMetric> Totals => [.. All.Where(metric => metric.IsFinite)];

    /// <summary>
    /// Perplexities beyond what a number holds: more than 709 nats a word, as of a text in a script that puts no blanks between words.
    /// </summary>
    public IReadOnlyList<string> Boundless => [.. All.Where(metric => !metric.IsFinite).Select(metric => metric.Name)];

    /// <summary>What is said of these; null where there are none.</summary>
    public string? BoundlessNote => Boundless is { Count: 0 } ? null
        : $"{Task.Name}: {string.Join(", ", Boundless)} is left out: it is too large for a number (texts without spaces have few words)";

    private IEnumerable<TaskMetric> All =>
        Metrics.Where(metric => TaskMetric.Weighs(metric, Documents)).Select(metric => TaskMetric.Of(metric, Documents));
}
