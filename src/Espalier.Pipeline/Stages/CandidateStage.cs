using System.Text.Json;
using System.Text.Json.Nodes;
using Espalier.Compression.Data;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Importance;
using Espalier.Compression.Pruning;
using Espalier.Compression.Search;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Saving;
using Espalier.Files;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Stages;

/// <summary>What all candidates of a search have in common.</summary>
/// <param name="Teacher">What they are pruned from and learn from.</param>
/// <param name="Scores">Its scores: file and hash.</param>
/// <param name="Prune">How units are chosen; its sizes are not read.</param>
/// <param name="Search">The search.</param>
/// <param name="Distill">How the student will be trained.</param>
/// <param name="Data">Tokens.</param>
/// <param name="Texts">What candidates are compared on; the held-out text first.</param>
/// <param name="Tasks">Multiple-choice files that they are compared on too.</param>
/// <param name="Sequence">Tokens of a window.</param>
/// <param name="Seed">Seed of the order, the same for all.</param>
/// <param name="ElementBytes">
/// Bytes of a weight of the exported student, for memory: those of the recipe's teacher, while a corrected one is kept in float32.
/// </param>
/// <param name="Clamp">Whether merged heads beyond the teacher's element type become its largest number instead of being refused.</param>
internal sealed record CandidateSetting(
    ModelFolder Teacher, ArtefactFile Scores, PruneSection Prune, SearchSection Search, TrainingSection Distill,
    TokenSets Data, IReadOnlyList<EvaluationText> Texts, IReadOnlyList<SearchTask> Tasks, int Sequence, long Seed, int ElementBytes,
    bool Clamp = false);

/// <summary>A candidate at a rung: where its training stands, and its losses.</summary>
/// <param name="Record">The stage's record.</param>
/// <param name="Folder">The stage's folder.</param>
/// <param name="Steps">Steps from the beginning.</param>
/// <param name="Losses">On every text.</param>
internal sealed record CandidateState(StageRecord Record, string Folder, long Steps, IReadOnlyList<TextLoss> Losses);

/// <summary>
/// One candidate up to one rung. The first is pruned from the teacher; a further one takes weights, moments and loop from the rung before
/// and goes on in the same order at the same rate, so that its bits are those of one longer training.
/// </summary>
/// <param name="setting">What all candidates share.</param>
/// <param name="candidate">The shape.</param>
/// <param name="steps">Steps from the beginning; 0 evaluates it as pruned.</param>
/// <param name="before">The rung before, or null.</param>
internal sealed class CandidateStage(CandidateSetting setting, Candidate candidate, long steps, CandidateState? before) : Stage
{
    private const string LossesName = "losses.json";
    private const string PrunedName = "pruned";

    private readonly TrainingSection? _training = steps == 0 ? null : setting.Search.Training(setting.Distill, steps);

    /// <inheritdoc/>
    public override string Name => "candidate";

    /// <summary>Where its training stands.</summary>
    public Slot<CandidateState> State { get; } = new($"the candidate {candidate.Name}");

    /// <inheritdoc/>
    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        var result = new JsonObject { ["parameters"] = candidate.Parameters };
        var losses = new Dictionary<string, IReadOnlyList<double>>();
        var start = Prune(run, folder.PathOf(PrunedName));
        using (var source = start.Open())
        using (var model = DecoderWeights.Load(source))
        {
            if (_training is not null)
                using (var teacher = TrainingStage.TeacherOf(run, "search", start, setting.Teacher, _training))
                    result["training"] = TrainingStage.Fit(
                        run, "search", model, source.Family, teacher, _training, null, setting.Data, setting.Sequence, setting.Seed,
                        windows => SampleOrder.Shuffled(windows, setting.Seed), folder, checkpoint,
                        begun: trainer => GoOn(trainer, source), ended: trainer => Keep(folder, trainer, source)).Record;
            result["evaluations"] = Evaluate(run, model, losses);
        }
        folder.WriteFile(LossesName,
            stream => JsonSerializer.Serialize(stream, losses, PlainJson.Of<Dictionary<string, IReadOnlyList<double>>>()));
        run.Folder.Files.DeleteTree(start.Path);
        return result;
    }

    /// <inheritdoc/>
    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        var windows =
            JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(folder, LossesName)), PlainJson.Of<Dictionary<string, double[]>>())!;
        var rows = record.Result["evaluations"]!.AsArray().Select(entry => EvaluateStage.FromJson(entry!.AsObject()));
        State.Value = new(record, folder, steps,
            [.. rows.Select(row => new TextLoss(row.Set, row.Nll, row.NllStandardError, windows[row.Set]))]);
    }

    private void GoOn(Trainer trainer, Checkpoint source)
    {
        if (before is not null)
            TrainerCheckpoint.Restore(trainer, source.Family, new(before.Steps, before.Folder, before.Record.Artefacts));
    }

    /// <summary>What the next rung begins with.</summary>
    private static void Keep(StageFolder stage, Trainer trainer, Checkpoint source)
    {
        foreach (var part in TrainerCheckpoint.Snapshot(trainer, source.Family))
            stage.WriteFile(part.Name, part.Write);
    }

    private ModelFolder Prune(RunContext run, string folder)
    {
        using var teacher = setting.Teacher.Open();
        var plan =
            PlanBuilder.ByImportance(teacher.Config, candidate.Shape, ScoresFile.Read(setting.Scores.Path), setting.Prune.Depth,
                setting.Prune.MergeHeads);
        Pruner.Write(teacher, plan, folder, teacher.StoredType, run.Progress, setting.Clamp, run.Stop);
        return new("candidate", folder, ContentHash.OfText(candidate.Name));
    }

    private JsonArray Evaluate(RunContext run, Decoder model, Dictionary<string, IReadOnlyList<double>> losses)
    {
        var rows = new JsonArray();
        foreach (var text in setting.Texts)
        {
            var result =
                PerplexityEvaluator.Run(model, new WindowSet(text.Tokens, setting.Sequence, WindowStride.Contiguous), null, 8, run.Progress,
                    stop: run.Stop);
            if (!double.IsFinite(result.Nll))
                throw new EspalierException(
                    $"search: the candidate {candidate.Name} has the loss {result.Nll} on "
                        + $"{text.Name}: lower search.learning-rate, or leave the shape out")
                { ExitCode = 1 };
            losses[text.Name] = result.WindowNll;
            rows.Add(EvaluateStage.ToJson(result, text));
        }
        foreach (var task in setting.Tasks)
        {
            var items = task.Losses(model, run.Progress, run.Stop);
            losses[task.Name] = items;
            rows.Add(Row(task, items));
        }
        return rows;
    }

    private static JsonObject Row(SearchTask task, double[] items)
    {
        var mean = items.Average();
        var variance = items.Length > 1 ? items.Sum(item => (item - mean) * (item - mean)) / (items.Length - 1) : 0;
        return new()
        {
            ["set"] = task.Name,
            ["nll"] = mean,
            ["nll_se"] = Math.Sqrt(variance / items.Length),
            ["perplexity"] = Math.Exp(mean),
            ["tokens"] = task.Tokens,
        };
    }

    /// <inheritdoc/>
    protected override JsonObject Options()
    {
        var options = new JsonObject
        {
            ["layers"] = candidate.Layers,
            ["heads"] = candidate.Heads,
            ["ffn"] = candidate.Ffn,
            ["hidden"] = candidate.Hidden,
            ["depth"] = setting.Prune.Depth.ToString().ToLowerInvariant(),
            ["sequence"] = setting.Sequence,
        };
        if (setting.Prune.MergeHeads)
            options["merge_heads"] = true;
        if (setting is { Prune.MergeHeads: true, Clamp: true })
            options["clamp"] = true;
        if (_training is not null)
            options["training"] = TrainingStage.Options(_training, setting.Data, setting.Sequence, setting.Seed, "shuffled");
        return options;
    }

    /// <inheritdoc/>
    protected override Dictionary<string, string> Inputs()
    {
        var inputs = setting.Texts.ToDictionary(text => $"text-{text.Name}", text => text.Hash);
        (inputs["teacher"], inputs["scores"]) = (setting.Teacher.Hash, setting.Scores.Hash);
        foreach (var task in setting.Tasks)
            inputs[$"task-{task.Name}"] = task.Hash;
        if (_training is not null)
            inputs["data"] = setting.Data.Hash;
        if (before is not null)
            inputs["before"] = before.Record.OutputHash;
        return inputs;
    }
}
