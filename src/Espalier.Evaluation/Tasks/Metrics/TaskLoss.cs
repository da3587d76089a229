namespace Espalier.Evaluation.Tasks.Metrics;

/// <summary>
/// What models are ordered by on a task, document by document: less is better, and it moves where shares of right answers stand still.
/// </summary>
/// <param name="Name">What stands after the task's name; empty for what the task itself is about.</param>
/// <param name="Metric">The metric that is shown beside it; null where it is itself one.</param>
/// <param name="Of">The loss of one document, from a result of the task's kind.</param>
internal sealed record TaskLoss(string Name, string? Metric, Func<DocumentResult, double> Of);
