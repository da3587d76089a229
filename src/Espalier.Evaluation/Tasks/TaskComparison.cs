using System.Text.Json.Serialization;
using Espalier.Evaluation.Statistics;

namespace Espalier.Evaluation.Tasks;

/// <summary>One model's numbers.</summary>
/// <param name="Model">The model.</param>
/// <param name="Metrics">What is counted.</param>
/// <param name="Cut">Contexts that were cut on the left.</param>
/// <param name="Seconds">Seconds of scoring.</param>
internal sealed record ModelResult(string Model, IReadOnlyList<TaskMetric> Metrics, int Cut, double Seconds);

/// <summary>A model against the first one, on the same documents, by the task's first metric.</summary>
/// <param name="Model">The model.</param>
/// <param name="Difference">Its mean less the first one's.</param>
/// <param name="Lower">Lower end of the 95 % interval (<see cref="PairedBootstrap"/>).</param>
/// <param name="Upper">Upper end.</param>
/// <param name="OnlyModel">Documents of which this model alone is right.</param>
/// <param name="OnlyAgainst">Documents of which the first alone is.</param>
/// <param name="Probability">Of a difference at least so large between equally good models (<see cref="McNemar"/>).</param>
/// <param name="Adjusted">The same raised for all comparisons of the task (<see cref="Holm"/>); null where there is one.</param>
internal sealed record ModelDifference(string Model, double Difference, double Lower, double Upper, int OnlyModel, int OnlyAgainst,
    double Probability, double? Adjusted);

/// <summary>How models did on a subject, by the task's first metric.</summary>
/// <param name="Name">The subject.</param>
/// <param name="Documents">Its documents.</param>
/// <param name="Values">Each model's share.</param>
internal sealed record SubjectRow(string Name, int Documents, IReadOnlyList<double> Values)
{
    /// <summary>The first model's.</summary>
    public double First => Values[0];

    /// <summary>The lowest of the others; the first's where there are none.</summary>
    public double Worst => Values.Skip(1).DefaultIfEmpty(First).Min();
}

/// <summary>Models beside each other on one task.</summary>
/// <param name="Task">The task.</param>
/// <param name="Shots">Shots of a document.</param>
/// <param name="Documents">Documents.</param>
/// <param name="Results">Each model's numbers.</param>
/// <param name="Comparisons">Each model but the first against it.</param>
/// <param name="Subjects">The task's subjects; none where it has one.</param>
internal sealed record TaskComparison(string Task, int Shots, int Documents, IReadOnlyList<ModelResult> Results,
    IReadOnlyList<ModelDifference> Comparisons, IReadOnlyList<SubjectRow> Subjects)
{
    /// <summary>Subjects in which a model is worse than the first, the largest fall first.</summary>
    [JsonIgnore]
    public IEnumerable<SubjectRow> Fallen => Subjects.Where(row => row.Worst < row.First).OrderByDescending(row => row.First - row.Worst);

    /// <summary>Compares the results of one task.</summary>
    /// <param name="models">The models.</param>
    /// <param name="results">What each made of the task, in the same order.</param>
    public static TaskComparison Of(IReadOnlyList<string> models, IReadOnlyList<TaskResult> results)
    {
        var (first, metric) = (results[0], results[0].Metrics[0]);
        var scores = results.Select(result => TaskResult.Scores(result.Documents, metric)).ToArray();
        var differences = Enumerable.Range(1, models.Count - 1).Select(i => Difference(models[i], scores[i], scores[0])).ToArray();
        var adjusted = Holm.Adjust([.. differences.Select(difference => difference.Probability)]);
        return new(
            first.Task.Name, first.Shots, first.Documents.Count(),
            [.. models.Zip(results, (model, result) => new ModelResult(model, result.Totals, result.Cut, result.Seconds))],
            differences.Length < 2 ? differences : [.. differences.Select((difference, i) => difference with { Adjusted = adjusted[i] })],
            first.Subjects.Count < 2 ? [] : [.. first.Subjects.Select((subject, i) => new SubjectRow(subject.Name, subject.Documents.Count,
                [.. results.Select(result => TaskResult.Scores(result.Subjects[i].Documents, metric).Average())]))]);
    }

    private static ModelDifference Difference(string model, IReadOnlyList<double> scores, IReadOnlyList<double> against)
    {
        var interval = PairedBootstrap.Of(scores, against);
        var (better, worse) = (0, 0);
        foreach (var (ours, theirs) in scores.Zip(against))
            (better, worse) = (better + (ours > theirs ? 1 : 0), worse + (ours < theirs ? 1 : 0));
        return new(model, interval.Difference, interval.Lower, interval.Upper, better, worse, McNemar.Probability(better, worse), null);
    }
}
