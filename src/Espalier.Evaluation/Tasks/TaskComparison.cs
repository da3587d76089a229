using System.Text.Json.Serialization;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Statistics;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Tasks;

/// <summary>One model's numbers.</summary>
/// <param name="Cut">Contexts that were cut on the left.</param>
internal sealed record ModelResult(string Model, IReadOnlyList<TaskMetric> Metrics, int Cut, double Seconds);

/// <summary>How the probability of a difference is found.</summary>
internal enum PairedTest
{
    /// <summary>Of right and wrong, exactly (<see cref="Statistics.McNemar"/>).</summary>
    McNemar,

    /// <summary>Of other scores (<see cref="PairedPermutation"/>).</summary>
    Permutation,
}

/// <summary>A model against the first one, on the same documents, by the task's first metric.</summary>
/// <param name="Difference">Its mean less the first one's.</param>
/// <param name="Lower">Lower end of the 95 % interval (<see cref="PairedBootstrap"/>).</param>
/// <param name="Upper">Upper end.</param>
/// <param name="OnlyModel">Documents of which this model alone is right, or on which it is the better one.</param>
/// <param name="OnlyAgainst">Documents of which the first alone is, or on which it is better.</param>
/// <param name="Test">How the probability was found.</param>
/// <param name="Probability">Of a difference at least so large between equally good models.</param>
/// <param name="Adjusted">The same raised for all comparisons, of all tasks (<see cref="Holm"/>); null where there is one.</param>
internal sealed record ModelDifference(string Model, double Difference, double Lower, double Upper, int OnlyModel, int OnlyAgainst,
    PairedTest Test, double Probability, double? Adjusted)
{
    /// <summary>Documents of which both models have a score of the same weight; null in results of before they were counted.</summary>
    public int? Documents { get; init; }

    /// <summary>Whether there is any, so that there is something to compare.</summary>
    [JsonIgnore]
    public bool IsCompared => Documents != 0;
}

/// <summary>How models did on a subject, by the task's first metric.</summary>
/// <param name="Values">Each model's value.</param>
/// <param name="Worst">The worst of all but the first; the first's where there are no others.</param>
internal sealed record SubjectRow(string Name, int Documents, IReadOnlyList<double> Values, double Worst)
{
    /// <summary>The first model's.</summary>
    public double First => Values[0];

    /// <summary>How models did on a subject.</summary>
    public static SubjectRow Of(string name, int documents, IReadOnlyList<double> values, Metric metric)
    {
        var others = values.Skip(1).DefaultIfEmpty(values[0]);
        return new(name, documents, values, metric.IsLowerBetter ? others.Max() : others.Min());
    }

    /// <summary>By how much the worst is worse than the first; negative where it is better.</summary>
    public double Fall(bool isLowerBetter) => isLowerBetter ? Worst - First : First - Worst;
}

/// <summary>Models beside each other on one task.</summary>
/// <param name="Comparisons">Each model but the first against it.</param>
/// <param name="Subjects">The task's subjects; none where it has one.</param>
internal sealed record TaskComparison(string Task, int Shots, int Documents, IReadOnlyList<ModelResult> Results,
    IReadOnlyList<ModelDifference> Comparisons, IReadOnlyList<SubjectRow> Subjects)
{
    /// <summary>Subjects in which a model is worse than the first, the largest fall first.</summary>
    [JsonIgnore]
    public IEnumerable<SubjectRow> Fallen => Subjects.Where(row => row.Fall(IsLowerBetter) > 0)
        .OrderByDescending(row => row.Fall(IsLowerBetter));

    /// <summary>What models are compared by.</summary>
    [JsonIgnore]
    public TaskMetric Metric => Results[0].Metrics[0];

    /// <summary>Whether a smaller value of it is the better one.</summary>
    public bool IsLowerBetter { get; init; }

    /// <summary>What chance alone would score by it, the mean over documents; null where nobody can say.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Chance { get; init; }

    /// <summary>Of fewer documents standard errors and intervals say little.</summary>
    public const int Few = 30;

    /// <summary>Whether there are so few documents that standard errors and intervals say little.</summary>
    [JsonIgnore]
    public bool IsFew => Documents < Few;

    /// <summary>What is said before the subjects that fell most: how many fell, and whether the whole did.</summary>
    [JsonIgnore]
    public string FallenTitle
    {
        get
        {
            var hasFallen = Comparisons.Any(comparison => IsLowerBetter ? comparison.Difference > 0 : comparison.Difference < 0);
            return $"{Fallen.Count()} of {Subjects.Count} subjects fell{(hasFallen ? "" : ", though the total did not")}, most of all";
        }
    }

    /// <summary>How documents were answered several times; null where once.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Attempts? Attempts { get; init; }

    /// <summary>Compares models on several tasks, with probabilities adjusted for all comparisons there are.</summary>
    /// <param name="results">What each made of the tasks: a list a task, in the models' order.</param>
    public static IReadOnlyList<TaskComparison> OfAll(IReadOnlyList<string> models, IEnumerable<IReadOnlyList<TaskResult>> results)
    {
        TaskComparison[] tasks = [.. results.Select(ofTask => Of(models, ofTask))];
        var adjusted = new Queue<double>(
            Holm.Adjust([.. tasks.SelectMany(task => task.Comparisons).Where(comparison => comparison.IsCompared)
                .Select(comparison => comparison.Probability)]));
        return adjusted.Count < 2 ? tasks : [.. tasks.Select(task => task with
        {
            Comparisons = [.. task.Comparisons.Select(comparison =>
                comparison.IsCompared ? comparison with { Adjusted = adjusted.Dequeue() } : comparison)],
        })];
    }

    /// <summary>Compares the results of one task; nothing is adjusted.</summary>
    /// <param name="results">What each made of the task, in the same order.</param>
    public static TaskComparison Of(IReadOnlyList<string> models, IReadOnlyList<TaskResult> results)
    {
        var first = results[0];
        // What any model has no number for is no metric to compare by.
        var boundless = results.SelectMany(result => result.Boundless).ToHashSet();
        var metric = first.Metrics.First(of => !boundless.Contains(of.Name));
        var differences = Enumerable.Range(1, models.Count - 1)
            .Select(i => Difference(models[i], metric, results[i].Documents, first.Documents)).ToArray();
        return new(
            first.Task.Name, first.Shots, first.Documents.Count,
            [.. models.Zip(results, (model, result) => new ModelResult(
                model, [.. result.Totals.Where(of => !boundless.Contains(of.Name))], result.Cut, result.Seconds))],
            differences,
            first.Subjects.Count < 2 ? [] : [.. first.Subjects.Index()
                .Where(subject => results.All(result => TaskMetric.Weighs(metric, result.Subjects[subject.Index].Documents)))
                .Select(subject => SubjectRow.Of(subject.Item.Name, subject.Item.Documents.Count,
                    [.. results.Select(result => TaskMetric.Of(metric, result.Subjects[subject.Index].Documents).Value)], metric))])
        {
            IsLowerBetter = metric.IsLowerBetter,
            Attempts = first.Task.Kind.Attempts,
            Chance = first.Documents.All(document => document.Chance is not null)
                ? first.Documents.Average(document => document.Chance!.Value) : null,
        };
    }

    private static ModelDifference Difference(string model, Metric metric, IReadOnlyList<DocumentResult> ofModel,
        IReadOnlyList<DocumentResult> ofFirst)
    {
        // What one of them has no score for says nothing of a difference, nor does what they are judged by in different parts.
        var both = ofModel.Zip(ofFirst, (ours, theirs) => (Ours: ours, Theirs: theirs))
            .Where(pair => pair.Ours.Weight(metric.Name) is > 0 and var weight && pair.Theirs.Weight(metric.Name) == weight).ToArray();
        if (both.Length == 0)
            return new(model, 0, 0, 0, 0, 0, PairedTest.Permutation, 1, null) { Documents = 0 };
        double[] scores = [.. both.Select(pair => pair.Ours.Score(metric.Name))];
        double[] against = [.. both.Select(pair => pair.Theirs.Score(metric.Name))];
        double[] weights = [.. both.Select(pair => pair.Theirs.Weight(metric.Name))];
        var isPlainMean = metric.Scale != MetricScale.Perplexity && weights.All(weight => weight == 1);
        var interval = isPlainMean ? PairedBootstrap.Of(scores, against) : PairedBootstrap.Of(scores, against, weights, metric.Told);
        var (better, worse) = (0, 0);
        foreach (var (ours, theirs) in scores.Zip(against))
            (better, worse) = (better + (ours > theirs ? 1 : 0), worse + (ours < theirs ? 1 : 0));
        if (metric.IsLowerBetter)
            (better, worse) = (worse, better);
        var isRightOrWrong = isPlainMean && scores.Concat(against).All(score => score is 0 or 1);
        return new(model, interval.Difference, interval.Lower, interval.Upper, better, worse,
            isRightOrWrong ? PairedTest.McNemar : PairedTest.Permutation,
            isRightOrWrong ? McNemar.Probability(better, worse) : PairedPermutation.Probability(scores, against, weights), null)
        {
            Documents = both.Length,
        };
    }
}
