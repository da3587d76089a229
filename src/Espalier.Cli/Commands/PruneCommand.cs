using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Pruning;
using Espalier.Files;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Runs;

namespace Espalier.Cli.Commands;

/// <summary>Cuts a model down to a shape, by scores, by a plan or at random.</summary>
internal sealed class PruneCommand : CommandBase
{
    private readonly ModelArgument model = new();
    private readonly TokenInput input = new();
    private readonly OutputOption output = new("--output", "The folder to write", "FOLDER", required: true);
    private readonly ShapeInput shape = new();
    private readonly Option<string> scores = new("--scores") { Description = "Scores that espalier score or espalier depth wrote", HelpName = "FILE.json" };
    private readonly DepthScoresInput depthScores = new();
    private readonly Option<string> plan = new("--plan") { Description = "What survives, instead of a shape", HelpName = "FILE.json" };
    private readonly Option<bool> random = new("--random") { Description = "Choose at random, as a control" };
    private readonly CountOption seed = new("--seed", "Seed of --random and of --method random", 1, least: 0);
    private readonly OutputOption writePlan = new("--write-plan", "Write what survives, for --plan", "FILE.json");
    private readonly DtypeOption dtype = new();
    private readonly CalibrationInput calibration = new();
    private readonly ThreadsOption threads = new();

    internal PruneCommand() : base(
        "prune",
        "Cut a model down to a smaller shape by slicing: the units of highest importance stay",
        "espalier prune models/quickstart-teacher models/quickstart-teacher/self-written.jsonl --hidden 192 --ffn 512 --output pruned",
        "espalier prune models/quickstart-teacher --scores scores.json --layers 6 --hidden 192 --output small",
        "espalier prune models/quickstart-teacher --depth-scores depth.json --depth-metric lm-loss --layers 6 --output shallow",
        "espalier prune models/quickstart-teacher --random --seed 1 --hidden 192 --ffn 512 --output random --write-plan plan.json")
    {
        model.AddTo(this);
        input.AddTo(this);
        Options.Add(output);
        shape.AddTo(this);
        foreach (var option in (Option[])[scores, plan, random, seed, writePlan])
            Options.Add(option);
        depthScores.AddTo(this);
        dtype.AddTo(this);
        calibration.AddTo(this);
        threads.AddTo(this);
    }

    protected override int Run(CommandRun run)
    {
        RequireOneSource(run);
        using var checkpoint = model.Open(run);
        ReadPlace[] reads = [model.Place(run), .. input.Places(run), .. Given("the scores", run.Get(scores)), .. Given("the scores of layers", DepthFile(run)), .. Given("the plan", run.Get(plan))];
        var folder = output.NewFolder(run, reads);
        var planFile = writePlan.File(run, OutputKind.Plan, reads);
        if (planFile is not null && Path.GetFullPath(planFile) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))
            throw new EspalierException($"--write-plan {planFile}: is --output too; give another name");
        var stored = dtype.Read(run, checkpoint);
        if (!run.Has(plan))
            _ = shape.Student(run, checkpoint.Config);

        var kept = PlanOf(run, checkpoint);
        Pruner.Write(checkpoint, kept, folder, stored, run.Progress, dtype.Clamp(run), run.Cancellation);
        if (planFile is not null)
            PlanFile.Write(planFile, kept);
        using var pruned = Checkpoint.Open(folder);
        run.Write(
            new PruneReport
            {
                Output = folder,
                Method = kept.Method,
                Rows = [PruneRow.Of("teacher", checkpoint), PruneRow.Of("pruned", pruned)],
                Plan = planFile,
            },
            PrunePage.Show);
        return ExitCodes.Done;
    }

    private static ReadPlace[] Given(string name, string? path) => path is null ? [] : [new(name, path)];

    private PruningPlan PlanOf(CommandRun run, Checkpoint checkpoint)
    {
        if (run.Get(plan) is { } file)
        {
            var read = PlanFile.Read(file);
            _ = read.Apply(checkpoint.Config);
            return read;
        }
        var student = shape.Student(run, checkpoint.Config);
        if (run.Get(random) && shape.MergeHeads(run))
            throw new EspalierException("--merge-heads merges in the order of scores and --random has none: leave one of them out");
        if (run.Get(random))
            return PlanBuilder.Random(checkpoint.Config, student, (ulong)run.Get(seed)!.Value);
        if (DepthFile(run) is not { } ofLayers)
            return PlanBuilder.ByImportance(checkpoint.Config, student, ScoresOf(run, checkpoint, checkpoint.Config.Layers - student.Layers), shape.Depth(run), shape.MergeHeads(run));
        var layers = DepthScoresFile.Read(ofLayers);
        RequireThisModel(run, ofLayers, layers.Teacher, layers.Version < 2, checkpoint);
        var (keep, how) = depthScores.Choose(run, ofLayers, layers, shape.Depth(run), checkpoint.Config, student);
        if (!HasUnits(run))
            return PlanBuilder.OfLayers(checkpoint.Config, student, keep, how);
        var units = PlanBuilder.ByImportance(checkpoint.Config, student, ScoresOf(run, checkpoint, 0), shape.Depth(run), shape.MergeHeads(run), keep);
        return units with { Method = $"{units.Method}, {how}" };
    }

    private string? DepthFile(CommandRun run) => depthScores.File(run, run.Get(scores));

    /// <summary>The file of scores of units; null where none was given, or the one given has scores of layers.</summary>
    private string? UnitFile(CommandRun run) => run.Get(scores) is { } file && file != DepthFile(run) ? file : null;

    /// <summary>Whether something says which neurons, heads and channels stay.</summary>
    private bool HasUnits(CommandRun run) => UnitFile(run) is not null || input.IsGiven(run) || !calibration.Method(run).ReadsText();

    private ImportanceScores ScoresOf(CommandRun run, Checkpoint checkpoint, int dropped)
    {
        if (UnitFile(run) is { } file)
        {
            var read = ScoresFile.Read(file);
            RequireThisModel(run, file, read.Teacher, read.NamesFolder, checkpoint);
            return read;
        }
        threads.Start(run);
        return calibration.Score(run, checkpoint, input, dropped > 0 ? [dropped] : [], run.Get(seed)!.Value, MemoryInput.FolderBeside(run.Get(output)));
    }

    /// <summary>Refuses scores that name another model; those that name none pass, and are held against the shape alone.</summary>
    private static void RequireThisModel(CommandRun run, string file, string teacher, bool namesFolder, Checkpoint checkpoint)
    {
        if (teacher.Length == 0)
            return;
        var hash = namesFolder ? KnownFolder.Hash(checkpoint.Folder) : ModelFingerprint.Of(checkpoint, run.Cancellation);
        if (hash != teacher)
            throw new EspalierException($"{file}: the scores are of a {(namesFolder ? "folder" : "model")} with the hash {teacher[..Math.Min(12, teacher.Length)]}… and {checkpoint.Folder} has {hash[..12]}…: score this model, or give the one that was scored");
    }

    /// <summary>Scores, a plan, chance, or text to score on: one of them, since each says by itself what stays.</summary>
    private void RequireOneSource(CommandRun run)
    {
        string[] given = [.. new[] { (UnitFile(run) is not null, "--scores"), (run.Has(plan), "--plan"), (run.Get(random), "--random"), (input.IsGiven(run), "text or --ids to score on"),
                (!calibration.Method(run).ReadsText(), $"--method {calibration.Method(run).ToString().ToLowerInvariant()}") }
            .Where(source => source.Item1).Select(source => source.Item2)];
        var ofLayers = DepthFile(run);
        if (given.Length == 0 && ofLayers is null)
            throw new EspalierException("nothing says which units stay: give text or --ids to score on, --method magnitude, --scores FILE, --depth-scores FILE, --plan FILE or --random");
        if (given.Length > 1)
            throw new EspalierException($"{string.Join(" and ", given)} were given and each says which units stay: give one of them");
        if (ofLayers is not null && (run.Has(plan) || run.Get(random)))
            throw new EspalierException($"{given[0]} and scores of layers were given and each says which layers stay: give one of them");
        if ((run.Has(scores) || run.Has(plan) || run.Get(random) || !HasUnits(run)) && calibration.Given(run) is { } unread)
            throw new EspalierException($"{given.FirstOrDefault("scores of layers")} and {unread} were given and nothing is scored then: leave {unread} out");
        calibration.Check(run, input);
        if (run.Has(plan) && shape.Given(run) is { } option)
            throw new EspalierException($"--plan and {option} were given and the plan says the shape by itself: leave {option} out");
        if (run.Has(seed) && !run.Get(random) && calibration.Method(run) != ScoreMethod.Random)
            throw new EspalierException("--seed is for --random and --method random, which were not given");
    }
}
