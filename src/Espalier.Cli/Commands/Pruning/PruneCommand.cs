using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Commands.Shared.Inputs;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Pruning;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Stages.Pruning;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Cli.Commands.Pruning;

/// <summary>Cuts a model down to a shape, by scores, by a plan or at random.</summary>
internal sealed class PruneCommand : CommandBase
{
    private readonly ModelArgument _model = new();
    private readonly TokenInput _input = new();
    private readonly OutputOption _output = new("--output", "The folder to write", "FOLDER", required: true);
    private readonly KeyOptions<PruneSection> _shape = new(PruneSection.Keys(searches: false), new());
    private readonly TextOption _scores = new("--scores", "Scores written by espalier score or espalier depth", "FILE.json");
    private readonly DepthScoresInput _depthScores = new();
    private readonly FlagOption _random = new("--random", "Choose at random, as a control");
    private readonly SeedOption _seed = new("--random and of --method random");
    private readonly OutputOption _writePlan = new("--write-plan", "Write what is kept, for --plan", "FILE.json");
    private readonly DtypeOption _dtype = new();
    private readonly CalibrationInput _calibration = new();
    private readonly MachineOptions _machine = new();

    internal PruneCommand() : base(
        "prune",
        "Prune a model to a smaller shape by slicing: the most important units stay",
        "espalier prune models/quickstart-teacher models/quickstart-teacher/self-written.jsonl --hidden 192 --ffn 512 --output pruned",
        "espalier prune models/quickstart-teacher --scores scores.json --layers 6 --hidden 192 --output small",
        "espalier prune models/quickstart-teacher --depth-scores depth.json --depth-metric lm-loss --layers 6 --output shallow",
        "espalier prune models/quickstart-teacher --random --seed 1 --hidden 192 --ffn 512 --output random --write-plan plan.json") =>
        Takes([_model, .. _input.Symbols, _output, .. _shape.Options, _scores, _random, _seed, _writePlan, .. _depthScores.Options,
            .. _dtype.Options, .. _calibration.Options, .. _machine.Options]);

    protected override int Run(CommandRun run)
    {
        var section = _shape.Read(run, PruneSection.Section);
        RequireOneSource(run, section);
        using var checkpoint = _model.Open(run);
        ReadPlace[] reads = [_model.Place(run), .. _input.Places(run), .. Given("the scores", run.Get(_scores)),
            .. Given("the scores of layers", DepthFile(run)), .. Given("the plan", section.Plan)];
        var folder = _output.NewFolder(run, reads);
        var planFile = _writePlan.File(run, OutputKind.Plan, reads);
        if (planFile is not null && Path.GetFullPath(planFile) == Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))
            throw new EspalierException($"--write-plan {planFile}: is also --output; give another name");
        var stored = _dtype.Read(run, checkpoint);
        var student = Student(section, checkpoint.Config);
        if (student == checkpoint.Config)
            run.Progress.Warn($"nothing is pruned: {checkpoint.Folder} already has these sizes, so {folder} will be a copy of it");
        section = run.Get(_random) ? section with { Method = PruneMethod.Random } : section;
        var layers = LayersOf(run, checkpoint, student);
        var (tokens, isScored) = (new Slot<TokenSets>("the text"), _input.IsGiven(run) || !_calibration.Method(run).ReadsText());
        if (isScored)
            tokens = _calibration.Tokens(run, checkpoint, _input);
        using var opened = tokens.IsMade ? tokens.Value : null;
        _machine.Start(run);
        var method = RunContext.Once(folder, Name, _seed.Get(run), run.Progress, context =>
        {
            var dropped = layers is null ? checkpoint.Config.Layers - student.Layers : 0;
            var scoring = isScored ? _calibration.Stage(run, checkpoint, tokens, dropped > 1 ? [1, dropped] : [1], _seed.Get(run))
                : null;
            var cut = new PruneStage(ModelArgument.Slot(checkpoint), "pruned", student, new("the shape") { Value = section }, section, 0,
                _seed.Get(run))
            {
                Scores = scoring?.Scores ?? ScoresOf(run, checkpoint),
                Layers = layers,
                Stored = stored,
                Clamp = _dtype.Clamp(run),
            };
            context.Walk(scoring is null ? [cut] : [scoring, cut]);
            var kept = PlanFile.Read(cut.Plan!);
            if (planFile is not null)
                PlanFile.Write(planFile, kept);
            DurableOutput.Move(cut.Pruned.Value.Path, folder);
            return kept.Method;
        }, run.Cancellation);
        using var pruned = Checkpoint.Open(folder);
        run.Write(new PruneReport(folder, method, [PruneRow.Of("teacher", checkpoint), PruneRow.Of("pruned", pruned)], planFile), Show);
        return ExitCodes.Done;
    }

    private static DecoderConfig Student(PruneSection section, DecoderConfig teacher) =>
        section.Plan is { } plan ? PlanFile.Apply(plan, teacher)
        : Axis.All.All(axis => section.Target.Sizes[axis] is null)
            ? throw new EspalierException($"there is nothing to prune: give {string.Join(", ", ShapeKeys.Sizes.Select(key => $"--{key}"))}")
        : section.Target.Apply(teacher);

    private static ReadPlace[] Given(string name, string? path) => path is null ? [] : [new(name, path)];

    /// <summary>The scores of layers that were given, and the metric of them that chooses; null for none.</summary>
    private Slot<LayerScores>? LayersOf(CommandRun run, Checkpoint checkpoint, DecoderConfig student)
    {
        if (DepthFile(run) is not { } file)
            return null;
        var scores = DepthScoresFile.Read(file);
        RequireThisModel(run, file, scores.Teacher, scores.Version < 2, checkpoint);
        return new("the scores of layers")
        {
            Value = new(file, ContentHash.OfFile(file),
                _depthScores.Choose(run, file, scores, checkpoint.Config, student))
        };
    }

    private string? DepthFile(CommandRun run) => _depthScores.File(run, run.Get(_scores));

    /// <summary>The file of scores of units; null where none was given, or the one given has scores of layers.</summary>
    private string? UnitFile(CommandRun run) => run.Get(_scores) is { } file && file != DepthFile(run) ? file : null;

    /// <summary>Whether something says which neurons, heads and channels stay.</summary>
    private bool HasUnits(CommandRun run) => UnitFile(run) is not null || _input.IsGiven(run) || !_calibration.Method(run).ReadsText();

    /// <summary>The scores of units that were given; null for none.</summary>
    private Slot<ArtefactFile>? ScoresOf(CommandRun run, Checkpoint checkpoint)
    {
        if (UnitFile(run) is not { } file)
            return null;
        var scores = ScoresFile.Read(file);
        RequireThisModel(run, file, scores.Teacher, scores.NamesFolder, checkpoint);
        return new("the scores") { Value = new(file, ContentHash.OfFile(file)) };
    }

    /// <summary>Refuses scores that name another model; those that name none pass, and are held against the shape alone.</summary>
    private static void RequireThisModel(CommandRun run, string file, string teacher, bool namesFolder, Checkpoint checkpoint)
    {
        if (teacher.Length == 0)
            return;
        var hash = namesFolder ? KnownFolder.Hash(checkpoint.Folder) : ModelFingerprint.Of(checkpoint, run.Cancellation);
        if (hash != teacher)
            throw new EspalierException(
                $"{file}: the scores belong to a {(namesFolder ? "folder" : "model")} with the "
                    + $"hash {teacher[..Math.Min(12, teacher.Length)]}…, but {checkpoint.Folder} "
                    + $"has {hash[..12]}…: score this model, or give the one that was scored");
    }

    /// <summary>Scores, a plan, chance, or text to score on: one of them, since each says by itself what stays.</summary>
    private void RequireOneSource(CommandRun run, PruneSection section)
    {
        string[] given = [
            .. new[] { (UnitFile(run) is not null, "--scores"), (section.Plan is not null, "--plan"), (run.Get(_random), "--random"),
                (_input.IsGiven(run), "text or --ids to score on"),
                (!_calibration.Method(run).ReadsText(), $"--method {_calibration.Method(run).ToString().ToLowerInvariant()}") }
            .Where(source => source.Item1).Select(source => source.Item2)];
        var ofLayers = DepthFile(run);
        if (given.Length == 0 && ofLayers is null)
            throw new EspalierException(
                "nothing says which units to keep: give text or --ids to score on, --method "
                    + "magnitude, --scores FILE, --depth-scores FILE, --plan FILE or --random");
        if (given.Length > 1)
            throw new EspalierException($"{string.Join(" and ", given)} were given, but each decides which units to keep: give one of "
                + "them");
        if (ofLayers is not null && (section.Plan is not null || run.Get(_random)))
            throw new EspalierException($"{given[0]} and layer scores were given, but each decides which layers to keep: give one of them");
        if ((run.Has(_scores) || section.Plan is not null || run.Get(_random) || !HasUnits(run)) && _calibration.Given(run) is { } unread)
            throw new EspalierException(
                $"{given.FirstOrDefault("scores of layers")} and {unread} were given, but nothing is scored then: leave {unread} out");
        _calibration.Check(run, _input);
        if (run.Get(_random) && section.MergeHeads)
            throw new EspalierException("--merge-heads merges in the order of the scores, but --random has none: leave one of them out");
        if (run.Get(_random) && section.MergeExperts)
            throw new EspalierException(
                "--merge-experts uses the router statistics in the scores, but --random has none: leave one of them out");
        if (run.Has(_seed) && !run.Get(_random) && _calibration.Method(run) != ScoreMethod.Random)
            throw new EspalierException("--seed is for --random and --method random, which were not given");
    }

    private static void Show(Page page, PruneReport report)
    {
        var sizes = new SizeColumns(Axis.Asked, report.Rows.Select(row => row.Sizes));
        var table = new TextTable(["model", .. sizes.Columns, ">parameters", ">non-embedding", ">on disk"]);
        foreach (var row in report.Rows)
            table.Add([row.Model, .. sizes.Cells(row.Sizes), Units.Count(row.Parameters), Units.Count(row.NonEmbeddingParameters),
                Units.Bytes(row.Bytes)]);
        page.Table(table);
        page.Line($"wrote {report.Output}, by {report.Method}{(report.Plan is { } plan ? $"; plan in {plan}" : "")}");
    }
}

/// <summary>What <c>prune --json</c> prints.</summary>
/// <param name="Output">The folder that was written.</param>
/// <param name="Method">How the units were chosen.</param>
/// <param name="Rows">The table: teacher, pruned.</param>
/// <param name="Plan">The file of <c>--write-plan</c>, where it was asked for.</param>
internal sealed record PruneReport(string Output, string Method, IReadOnlyList<PruneRow> Rows, string? Plan);

/// <summary>One model of the table.</summary>
/// <param name="Model">teacher or pruned.</param>
/// <param name="Path">Its folder.</param>
/// <param name="Parameters">All parameters; a tied table counts once.</param>
/// <param name="NonEmbeddingParameters">Those outside the embedding table and the head.</param>
/// <param name="Bytes">Bytes of the weights as they are stored.</param>
internal sealed record PruneRow(string Model, string Path, long Parameters, long NonEmbeddingParameters, long Bytes)
{
    /// <summary>Its sizes; the feed-forward sizes are 0 if experts replace the block.</summary>
    [SizeFields(AsInConfig = true)]
    public required PerAxis<int?> Sizes { get; init; }

    internal static PruneRow Of(string name, Checkpoint model) =>
        new(name, model.Folder, model.Config.Parameters, model.Config.NonEmbeddingParameters, model.TotalBytes)
        {
            Sizes = Axis.SizesOf(model.Config),
        };
}
