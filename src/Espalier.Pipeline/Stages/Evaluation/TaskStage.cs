using Espalier.Compression.Training.Saving;
using Espalier.Evaluation.Tasks;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Logs;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Evaluation;

/// <summary>
/// What one model makes of one benchmark. What was asked before a stop or a kill is not asked again: answers are kept in the stage's folder
/// as they come, piece by piece, and the pieces are the same whatever is there already.
/// </summary>
/// <param name="task">The benchmark.</param>
/// <param name="model">The model.</param>
/// <param name="weights">Its weights, which stay the caller's.</param>
/// <param name="tokenizer">Its tokenizer.</param>
internal sealed class TaskStage(RecipeTask task, Slot<ModelFolder> model, LazyWeights weights, Tokenizer tokenizer) : Stage
{
    /// <summary>In the stage's folder: a line a document, with what the model made of it.</summary>
    public const string DocumentsName = "documents.jsonl";

    /// <summary>Beside it while the stage is at work; it stays where others are held against it.</summary>
    internal const string AnswersName = "answers";

    private const int LongestName = 40;

    public override string Name => NameOf(task.Name);

    /// <summary>What the model made of it, once it ran.</summary>
    public TaskResult? Result { get; private set; }

    /// <summary>Its part of the model's row, once it ran.</summary>
    public TaskRow? Row { get; private set; }

    /// <summary>
    /// The stage's name for a task; names of folders have no _, no capitals and one dash between words: <c>form (chat)</c> is
    /// <c>task-form-chat</c>.
    /// </summary>
    internal static string NameOf(string task) => string.Join('-', string.Concat(task.ToLowerInvariant().Take(LongestName)
        .Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')).Split('-', StringSplitOptions.RemoveEmptyEntries).Prepend("task"));

    protected override bool JudgesArtefacts => true;

    protected override JsonObject Options() => task.Options();

    protected override IEnumerable<(string Name, string Hash)> Inputs() =>
        [("model", model.Value.Hash), ("tokenizer", tokenizer.Sha256), .. task.Inputs()];

    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        var (name, title) = (model.Value.Name, $"{task.Name}: {model.Value.Name}");
        run.Progress.Note(title);
        var result = task.Ask(run, folder, weights, tokenizer, model.Value.Hash, model.Value.Config.MaxPositions);
        folder.WriteFile(DocumentsName, stream => DocumentLines.Keep(stream, result));
        if (!task.Definition.Kind.NeedsFirst)
            folder.Delete(AnswersName);
        task.KnowsFirst = true;
        folder.Timing.Append(0, ("seconds", result.Seconds), ("documents", result.Documents.Count));
        return new()
        {
            ["model"] = name,
            ["task"] = task.Name,
            ["documents"] = result.Documents.Count,
            ["cut"] = result.Cut,
            ["metrics"] = new JsonObject(result.Totals.Select(metric => KeyValuePair.Create(metric.Name, (JsonNode?)new JsonObject
            {
                ["value"] = metric.Value,
                ["standard_error"] = metric.StandardError,
            }))),
        };
    }

    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        var result = Result = DocumentLines.Read(
            Path.Combine(folder, DocumentsName), task.Definition, task.Shots,
            MetricsLines.Last(Path.Combine(folder, RunLayout.Timing), "seconds") ?? 0);
        Row = new(task.Name, result.Shots, result.Documents.Count, result.Cut,
            [.. result.Totals.Select(metric => new MetricRow(metric.Name, metric.Value, metric.StandardError))], Path.GetFileName(folder));
        task.First ??= new(folder, model.Value.Hash, record.OutputHash);
    }
}
