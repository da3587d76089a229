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
    /// All metrics over all documents, subjects by their size; without a metric for which no document weighs anything.
    /// </summary>
    public IReadOnlyList<TaskMetric> Totals =>
        [.. Metrics.Where(metric => TaskMetric.Weighs(metric, Documents)).Select(metric => TaskMetric.Of(metric, Documents))];
}
