namespace Espalier.Evaluation.Tasks;

/// <summary>A share of documents with its standard error.</summary>
/// <param name="Name">As lm-evaluation-harness names it: acc, acc_norm, or acc_bytes.</param>
/// <param name="Value">The share.</param>
/// <param name="StandardError">s/√n with n − 1; 0 of one document.</param>
internal sealed record TaskMetric(string Name, double Value, double StandardError)
{
    /// <summary>The mean of what each document scores.</summary>
    public static TaskMetric Of(string name, IReadOnlyList<double> scores)
    {
        var mean = scores.Average();
        var error = scores.Count < 2 ? 0
            : Math.Sqrt(scores.Sum(score => (score - mean) * (score - mean)) / (scores.Count - 1) / scores.Count);
        return new(name, mean, error);
    }
}

/// <summary>What a model made of one subject of a task.</summary>
/// <param name="Name">The subject; empty where the task has one.</param>
/// <param name="Documents">Its documents.</param>
internal sealed record SubjectResult(string Name, IReadOnlyList<DocumentResult> Documents);

/// <summary>What a model made of a task.</summary>
/// <param name="Task">The task.</param>
/// <param name="Shots">Shots of each document.</param>
/// <param name="Subjects">Its subjects.</param>
/// <param name="Seconds">Seconds of scoring, without loading.</param>
internal sealed record TaskResult(TaskDefinition Task, int Shots, IReadOnlyList<SubjectResult> Subjects, double Seconds)
{
    /// <summary>All documents, subject by subject.</summary>
    public IEnumerable<DocumentResult> Documents => Subjects.SelectMany(subject => subject.Documents);

    /// <summary>How many contexts were cut on the left, for the model has not so many positions.</summary>
    public int Cut => Documents.Count(document => document.Cut > 0);

    /// <summary>The names of what is counted, the first of which models are compared by.</summary>
    public IReadOnlyList<string> Metrics => Task.Kind.Metrics;

    /// <summary>What each document scores by a metric: 1 where the model is right.</summary>
    public static IReadOnlyList<double> Scores(IEnumerable<DocumentResult> documents, string metric) =>
        [.. documents.Select(document => document.Score(metric))];

    /// <summary>All metrics over all documents: subjects count by their size.</summary>
    public IReadOnlyList<TaskMetric> Totals => [.. Metrics.Select(metric => TaskMetric.Of(metric, Scores(Documents, metric)))];
}
