using System.CommandLine;
using Espalier.Cli.Commands.Shared.Inputs;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Comparison;
using Espalier.Compression.Importance.Residuals;
using Espalier.Compression.Importance.Values;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Cli.Commands.Pruning;

/// <summary>Importance of every unit that can be pruned, and how far two scorings agree.</summary>
internal sealed class ScoreCommand : CommandBase
{
    private readonly ModelArgument _model = new(optional: true);
    private readonly TokenInput _input = new();
    private readonly CalibrationInput _calibration = new();
    private readonly ValueOption<Which> _aggregators = new("--aggregators", Kinds.Choice<Which>(),
        "Score by all nine aggregators in one pass and write l2-mean.json, ... into the folder of --output");
    private readonly ValueOption<IReadOnlyList<int>> _spans = new("--spans", Kinds.Counts("1,2,4"),
        "Widths of spans of layers to compute block influence for, such as 1,2,4", [1]);
    private readonly SeedOption _seed = new("--method random");
    private readonly OutputOption _output = new("--output", "Write the scores for prune --scores; with --aggregators all, a folder",
        "FILE.json");
    private readonly ScoreComparison _comparison = new();
    private readonly MachineOptions _machine = new();

    internal ScoreCommand() : base(
        "score",
        "Score neurons, heads, channels and layers by the activations of one forward pass over calibration text, or by a control; compare "
            + "scores. Ties go to the lower index",
        "espalier score models/quickstart-teacher models/quickstart-teacher/self-written.jsonl --spans 1,2 --output scores.json",
        "espalier score models/quickstart-teacher --ids "
            + "tests/golden/quickstart-teacher/self-written.ids.i32 --samples 32 --spans 1,2,4 --json",
        "espalier score models/quickstart-teacher models/quickstart-teacher/self-written.jsonl --aggregators all --output scores",
        "espalier score models/quickstart-teacher --method magnitude --output magnitudes.json",
        "espalier score --compare scores.json magnitudes.json --keep 0.75") =>
        Takes([_model, .. _input.Symbols, .. _calibration.Options, _aggregators, _spans, _seed, _output, .. _comparison.Options,
            .. _machine.Options]);

    protected override int Run(CommandRun run)
    {
        if (_comparison.IsAsked(run))
        {
            if (run.Get(_model) is not null || _input.IsGiven(run) || _calibration.Given(run) is not null
                || new Option[] { _aggregators, _spans, _seed, _output }.Any(run.Has))
                throw new EspalierException(
                    "--compare reads only two files of scores: leave out the model, its text, scoring options and --output");
            _comparison.Run(run);
            return ExitCodes.Done;
        }
        _comparison.RequireNothing(run);
        if (run.Get(_model) is null)
            throw new EspalierException("no model was given: espalier score MODEL TEXT..., or --compare A.json B.json");
        var widths = run.Get(_spans)!;
        _calibration.Check(run, _input);
        if (run.Has(_seed) && _calibration.Method(run) != ScoreMethod.Random)
            throw new EspalierException("--seed is for --method random, which was not given");
        if (run.Has(_aggregators))
            ByAll(run, widths);
        else
            ByOne(run, widths);
        return ExitCodes.Done;
    }

    private void ByOne(CommandRun run, IReadOnlyList<int> widths)
    {
        var file = _output.File(run, OutputKind.Scores, [_model.Place(run), .. _input.Places(run)]);
        using var checkpoint = _model.Open(run);
        var tokens = _calibration.Tokens(run, checkpoint, _input);
        using var opened = tokens.IsMade ? tokens.Value : null;
        _machine.Start(run);
        var scores = RunContext.Once(file, Name, _seed.Get(run), run.Progress, context =>
        {
            var stage = _calibration.Stage(run, checkpoint, tokens, widths, _seed.Get(run));
            context.Walk([stage]);
            var found = ScoresFile.Read(stage.Scores.Value.Path);
            if (file is not null)
                DurableOutput.Move(stage.Scores.Value.Path, file);
            return found;
        }, run.Cancellation);
        run.Write(ScoresFile.ToJson(scores), (page, _) => Show(page, scores, checkpoint.Folder, file), ("model", checkpoint.Folder),
            ("output", file));
    }

    private void ByAll(CommandRun run, IReadOnlyList<int> widths)
    {
        _calibration.CheckForAll(run);
        if (!run.Has(_output))
            throw new EspalierException("--aggregators all writes nine files: name their folder with --output");
        var folder = _output.NewFolder(run, [_model.Place(run), .. _input.Places(run)]);
        using var checkpoint = _model.Open(run);
        _machine.Start(run);
        var all = _calibration.ScoreByAll(run, checkpoint, _input, widths, MemoryInput.FolderBeside(folder));
        string[] files = [.. Aggregator.All.Select(aggregator => $"{aggregator.FileName}.json")];
        ScoresFolder.Write(folder, files.Zip(all));
        var report = new JsonObject
        {
            ["model"] = checkpoint.Folder,
            ["output"] = folder,
            ["files"] = new JsonArray([.. files.Select(file => JsonValue.Create(file))])
        };
        run.Write(report, (page, _) => ShowAll(page, all, checkpoint.Folder, folder));
    }

    private enum Which
    {
        All,
    }

    private static void Show(Page page, ImportanceScores scores, string model, string? file)
    {
        page.Heading($"{model}: {scores.How}{Text(scores)}");
        Layers(page, scores);
        Network(page, scores);
        page.Line(file is not null ? $"wrote {file}" : "--output FILE.json saves the scores for prune --scores; --json prints all of them");
    }

    /// <summary>All nine aggregators: where each of them ranks the channels apart from the default.</summary>
    private static void ShowAll(Page page, IReadOnlyList<ImportanceScores> all, string model, string folder)
    {
        page.Heading($"{model}: nine aggregators{Text(all[0])}");
        var usual = all[Aggregator.All.ToList().IndexOf(Aggregator.Default)];
        Axis[] shown = [.. usual.Units.Axes.Where(axis => axis != Axis.Hidden).OrderBy(axis => axis == Axis.Heads), Axis.Hidden];
        var table = new TextTable(["file", .. shown.Select(axis => $">{axis.Units}")]);
        foreach (var (aggregator, scores) in Aggregator.All.Zip(all))
        {
            var axes = ScoresComparison.Axes(usual, scores, new(KeptSizes.DefaultShare));
            table.Add([$"{aggregator.FileName}.json", .. shown.Select(axis => Share(axes.Single(one => one.Axis == axis.Units).Overlap))]);
        }
        page.Table(table);
        page.Line(
            $"wrote {folder}; the table shows how many of the best two thirds of the units are also among those of {Aggregator.Default}");
    }

    private static void Layers(Page page, ImportanceScores scores)
    {
        var units = scores.Units[Axis.Experts] is null ? Axis.Ffn : Axis.Experts;
        var table = new TextTable(">layer", $">{(scores.Method.ReadsActivations() ? "block influence" : "layer's score")}", ">heads: least",
            ">median", ">most", ">< 1 %", $">{units.Units}: least", ">median", ">most", ">< 1 %");
        for (var layer = 0; layer < scores.BlockInfluence[1].Length; layer++)
            table.Add(
                [layer.ToString(CultureInfo.InvariantCulture), Digits(scores.BlockInfluence[1][layer]),
                    .. Summary(scores.Units[Axis.Heads]![layer]), .. Summary(scores.Units[units]![layer])]);
        page.Table(table);
    }

    private static void Network(Page page, ImportanceScores scores)
    {
        var table = new TextTable("whole network", ">units", ">sum", ">least", ">median", ">most", ">< 1 %");
        foreach (var axis in Axis.All.Where(axis => axis == Axis.Layers || scores.Units[axis] is not null)
            .OrderBy(axis => axis == Axis.Hidden))
        {
            var values = axis == Axis.Layers ? scores.BlockInfluence[1] : [.. scores.Units[axis]!.SelectMany(row => row)];
            table.Add([axis.Units, values.Length.ToString(CultureInfo.InvariantCulture), Digits(values.Sum()), .. Summary(values)]);
        }
        page.Table(table);
        page.Line(
            $"{scores.Units[Axis.Hidden]![0].Length} channels; < 1 %: units with less than a hundredth of the largest score beside them");
    }

    private static string[] Summary(double[] values)
    {
        var (most, median) = (values.Max(), values.Order().ElementAt(values.Length / 2));
        return [Digits(values.Min()), Digits(median), Digits(most),
            Share(values.Count(value => value < most / 100) / (double)values.Length)];
    }

    private static string Text(ImportanceScores scores) =>
        scores.Samples > 0 ? $", {scores.Samples} samples of {scores.SampleLength} tokens" : "";

    private static string Digits(double value) => value.ToString("G4", CultureInfo.InvariantCulture);

    private static string Share(double share) => (100 * share).ToString("0.#", CultureInfo.InvariantCulture) + " %";
}
