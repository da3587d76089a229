using Espalier.Compression.Data.Batches;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Importance;
using Espalier.Compression.Pruning;
using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Saving;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Evaluation;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Texts;
using Espalier.Pipeline.Stages.Training;

namespace Espalier.Pipeline.Stages.Search;

/// <summary>What all candidates of a search have in common.</summary>
/// <param name="Teacher">What they are pruned from and learn from.</param>
/// <param name="Scores">Its scores: file and hash.</param>
/// <param name="Prune">How units are chosen; its sizes are not read.</param>
/// <param name="Search">The search.</param>
/// <param name="Distill">How the student will be trained.</param>
/// <param name="Data">Tokens.</param>
/// <param name="Texts">What candidates are compared on; the held-out text first.</param>
/// <param name="Tasks">Benchmarks that they are compared on too.</param>
/// <param name="Tokenizer">The teacher's, which is theirs; null where they are asked no benchmarks.</param>
/// <param name="Sequence">Tokens of a window.</param>
/// <param name="Seed">Seed of the order, the same for all.</param>
/// <param name="ElementBytes">
/// Bytes of a weight of the exported student, for memory: those of the recipe's teacher, while a corrected one is kept in float32.
/// </param>
/// <param name="Clamp">Whether merged heads beyond the teacher's element type become its largest number instead of being refused.</param>
internal sealed record CandidateSetting(
    ModelFolder Teacher, ArtefactFile Scores, PruneSection Prune, SearchSection Search, TrainingSection Distill,
    TokenSets Data, IReadOnlyList<EvaluationText> Texts, IReadOnlyList<RecipeTask> Tasks, Tokenizer? Tokenizer, int Sequence, long Seed,
    int ElementBytes,
    bool Clamp = false);

/// <summary>A candidate at a rung: where its training stands, and its losses.</summary>
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
    private const string TasksName = "tasks";

    // As pruned, only the held-out loss is looked at.
    private readonly IReadOnlyList<RecipeTask> _tasks = steps == 0 ? [] : setting.Tasks;
    private readonly TrainingSection? _training = steps == 0 ? null : setting.Search.Training(setting.Distill, steps);

    public override string Name => "candidate";

    public Slot<CandidateState> State { get; } = new($"the candidate {candidate.Name}");

    // Answers that were given before a stop are kept; all else is made again, or vouched for by a checkpoint.
    protected override bool JudgesArtefacts => _tasks.Count > 0;

    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        var result = new JsonObject { ["parameters"] = candidate.Parameters };
        var losses = new Dictionary<string, IReadOnlyList<double>>();
        folder.Delete(PrunedName);
        var start = Prune(run, folder.PathOf(PrunedName));
        using (var source = start.Open())
        using (var model = DecoderWeights.Load(source))
        {
            if (_training is not null)
                using (var teacher = TrainingStage.TeacherOf(run, "search", start, setting.Teacher, _training))
                    result["training"] = TrainingStage.Fit(
                        run, "search", model, source.Family, teacher, _training, null, setting.Data, setting.Sequence, setting.Seed,
                        windows => setting.Data.Shuffled(windows, setting.Seed), folder, checkpoint,
                        begun: trainer => GoOn(trainer, source), ended: trainer => Keep(folder, trainer, source)).Record;
            result["evaluations"] = Evaluate(run, model, losses);
            using var weights = new LazyWeights(source, held: model);
            if (Ask(run, weights, folder, losses) is { Count: > 0 } answered)
                result[TasksName] = answered;
        }
        folder.WriteFile(LossesName,
            stream => JsonSerializer.Serialize(stream, losses, PlainJson.Of<Dictionary<string, IReadOnlyList<double>>>()));
        folder.Delete(TaskStage.AnswersName);
        run.Folder.Files.DeleteTree(start.Path);
        return result;
    }

    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        var windows =
            JsonSerializer.Deserialize(File.ReadAllBytes(Path.Combine(folder, LossesName)), PlainJson.Of<Dictionary<string, double[]>>())!;
        var rows = record.Result["evaluations"]!.AsArray().Select(entry => EvaluateStage.FromJson(entry!.AsObject()));
        State.Value = new(record, folder, steps,
            [.. rows.Select(row => new TextLoss(row.Set, row.Nll, row.NllStandardError, windows[row.Set])),
                .. (record.Result[TasksName]?.AsArray() ?? []).Select(entry => TaskLossOf(entry!.AsObject(), windows))]);
    }

    private void GoOn(Trainer trainer, Checkpoint source)
    {
        if (before is null)
            return;
        var files = before.Record.Artefacts.Select(file => new FileChecksum(file.Name, file.Size) { Sha256 = file.Sha256 });
        TrainerCheckpoint.Restore(trainer, source.Family, new(before.Steps, before.Folder, [.. files]));
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
                setting.Prune.MergeHeads, setting.Prune.MergeExperts);
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
            RequireFinite(result.Nll, text.Name);
            losses[text.Name] = result.WindowNll;
            rows.Add(EvaluateStage.ToJson(result, text));
        }
        return rows;
    }

    /// <summary>Asks the model the benchmarks, as it is in memory: a row for each of a task's losses.</summary>
    private JsonArray Ask(RunContext run, LazyWeights weights, StageFolder folder, Dictionary<string, IReadOnlyList<double>> losses)
    {
        var rows = new JsonArray();
        foreach (var task in _tasks)
        {
            run.Progress.Note($"search: {candidate.Name} on {task.Title}");
            var found = task.Ask(run, folder, weights, setting.Tokenizer!, candidate.Name, setting.Teacher.Config.MaxPositions);
            foreach (var loss in task.Definition.Kind.Losses)
            {
                var name = loss.Name.Length == 0 ? task.Name : $"{task.Name} {loss.Name}";
                losses[name] = [.. found.Documents.Select(loss.Of)];
                foreach (var document in losses[name])
                    RequireFinite(document, $"a document of {name}");
                rows.Add(Row(name, losses[name], found, loss.Metric));
            }
        }
        return rows;
    }

    private void RequireFinite(double loss, string on)
    {
        if (!double.IsFinite(loss))
            throw new EspalierException(
                $"search: the candidate {candidate.Name} has a loss of {loss} on {on}: lower search.learning-rate, or leave the shape out")
            { ExitCode = 1 };
    }

    private static JsonObject Row(string name, IReadOnlyList<double> losses, TaskResult found, string? metric)
    {
        var (mean, error) = TaskMetric.MeanOf(losses, [.. losses.Select(_ => 1.0)]);
        var score = found.Totals.FirstOrDefault(total => total.Name == metric);
        return new()
        {
            ["set"] = name,
            ["loss"] = mean,
            ["loss_se"] = error,
            ["documents"] = losses.Count,
            ["cut"] = found.Cut,
            ["metric"] = score?.Name,
            ["value"] = score?.Value,
            ["standard_error"] = score?.StandardError,
        };
    }

    private static TextLoss TaskLossOf(JsonObject row, Dictionary<string, double[]> documents)
    {
        var name = (string)row["set"]!;
        return new(name, (double)row["loss"]!, (double)row["loss_se"]!, documents[name])
        {
            Score = (string?)row["metric"] is { } metric
                ? new(metric, (double)row["value"]!, (double)row["standard_error"]!) : null,
        };
    }

    protected override JsonObject Options()
    {
        var (sizes, options) = (candidate.Sizes, new JsonObject());
        foreach (var axis in Axis.Searched.Where(axis => sizes[axis] is not null))
            options[axis.Key] = axis.Of(candidate.Shape);
        options["depth"] = setting.Prune.Depth.ToString().ToLowerInvariant();
        options["sequence"] = setting.Sequence;
        if (setting.Prune.MergeHeads)
            options["merge_heads"] = true;
        if (setting.Prune.MergeExperts)
            options["merge_experts"] = true;
        if (setting is { Prune.MergeHeads: true, Clamp: true })
            options["clamp"] = true;
        if (_tasks.Count > 0)
            options["tasks"] = new JsonArray([.. _tasks.Select(task => task.Options())]);
        if (_training is not null)
            options["training"] = TrainingStage.Options(_training, setting.Data, setting.Sequence, setting.Seed, "shuffled");
        return options;
    }

    protected override IEnumerable<(string Name, string Hash)> Inputs()
    {
        foreach (var text in setting.Texts)
            yield return ($"text-{text.Name}", text.Hash);
        yield return ("teacher", setting.Teacher.Hash);
        yield return ("scores", setting.Scores.Hash);
        foreach (var task in _tasks)
            foreach (var (name, hash) in task.Inputs())
                yield return ($"{name}-{task.Name}", hash);
        if (_tasks.Count > 0 && setting.Tokenizer is { } tokenizer)
            yield return ("tokenizer", tokenizer.Sha256);
        if (_training is not null)
            yield return ("data", setting.Data.Hash);
        if (before is not null)
            yield return ("before", before.Record.OutputHash);
    }
}
