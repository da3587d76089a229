using System.Text.Json.Serialization;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Contamination;

/// <summary>A document that shares words with the training text.</summary>
/// <param name="Subject">Its subject; null where the task has one.</param>
/// <param name="Document">Its number in the subject, from 0.</param>
/// <param name="Share">The share of its rows of 13 words that the training text has, too.</param>
/// <param name="Words">The first of these rows.</param>
/// <param name="Origin">Where the training text has it.</param>
internal sealed record SharedDocument(string? Subject, int Document, double Share, string Words, string Origin);

/// <summary>A model's metrics over the documents that share no words with the training text.</summary>
/// <param name="Metrics">What is counted; none where all documents share some.</param>
internal sealed record CleanResult(string Model, IReadOnlyList<TaskMetric> Metrics);

/// <summary>What a task shares with the training text.</summary>
/// <param name="Shared">Those that share 13 words in a row.</param>
/// <param name="TooShort">Those that have no 13 words, of which nothing can be said.</param>
/// <param name="Examples">Some that share words, the first in their order.</param>
/// <param name="Clean">The models over the others.</param>
internal sealed record TaskContamination(
    string Task, int Documents, int Shared, int TooShort, IReadOnlyList<SharedDocument> Examples, IReadOnlyList<CleanResult> Clean);

/// <summary>What tasks share with a training text.</summary>
/// <param name="Overlaps">Of each task each document, in the order of the results.</param>
internal sealed record ContaminationReport(TrainingText Text, IReadOnlyList<TaskContamination> Tasks,
    [property: JsonIgnore] IReadOnlyList<IReadOnlyList<DocumentOverlap>> Overlaps)
{
    private const int Examples = 5;

    /// <summary>The documents of tasks as they are compared: what each kind asks of a document, without what it adds to each.</summary>
    public static SharedRows Rows(IReadOnlyList<TaskResult> results) => new(
        [.. results.SelectMany(result => result.Documents.Select(document => result.Task.Kind.TextOf(result.Task, document.Document)))]);

    /// <summary>Puts what was found beside what the models made of the tasks.</summary>
    public static ContaminationReport Of(
        TrainingText text, SharedRows rows, IReadOnlyList<string> models, IReadOnlyList<IReadOnlyList<TaskResult>> results)
    {
        var (all, tasks, first) = (new List<IReadOnlyList<DocumentOverlap>>(), new List<TaskContamination>(), 0);
        var overlaps = rows.Overlaps();
        for (var task = 0; task < results[0].Count; task++)
        {
            var count = results[0][task].Documents.Count;
            DocumentOverlap[] own = [.. overlaps.Skip(first).Take(count)];
            first += count;
            all.Add(own);
            tasks.Add(new(
                results[0][task].Task.Name, count, own.Count(overlap => overlap.IsShared), own.Count(overlap => overlap.Rows == 0),
                [.. Named(results[0][task]).Zip(own).Where(pair => pair.Second.IsShared).Take(Examples).Select(pair => new SharedDocument(
                    pair.First.Subject, pair.First.Document, pair.Second.Share, pair.Second.Words!, pair.Second.Origin!))],
                [.. models.Select((model, i) => new CleanResult(model, Clean(results[i][task], own)))]));
        }
        return new(text, tasks, all);
    }

    private static IEnumerable<(string? Subject, int Document)> Named(TaskResult result) => result.Subjects.SelectMany(
        subject => subject.Documents.Select(document => (subject.Name.Length > 0 ? subject.Name : null, document.Document.Number)));

    private static IReadOnlyList<TaskMetric> Clean(TaskResult result, DocumentOverlap[] overlaps)
    {
        DocumentResult[] clean = [.. result.Documents.Zip(overlaps).Where(pair => !pair.Second.IsShared).Select(pair => pair.First)];
        return clean.Length == 0 ? [] : [.. result.Metrics
            .Where(metric => TaskMetric.Weighs(metric, clean)).Select(metric => TaskMetric.Of(metric, clean))];
    }
}
