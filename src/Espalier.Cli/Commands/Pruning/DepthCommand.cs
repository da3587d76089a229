using System.CommandLine;
using Espalier.Cli.Commands.Shared.Inputs;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Stages.Pruning;
using Espalier.Pipeline.Stages.Running;
using Espalier.Reports.Pictures;

namespace Espalier.Cli.Commands.Pruning;

/// <summary>Importance of layers, by what their removal does.</summary>
internal sealed class DepthCommand : CommandBase
{
    private readonly ModelArgument _model = new();
    private readonly TokenInput _input = new();
    private readonly KeyOptions<DepthSection> _keys = new(DepthSection.Keys, new());
    private readonly WindowsInput _cut = new("sample", new DataSection().Sequence);
    private readonly OutputOption _output = new("--output", "Write the scores", "FILE.json");
    private readonly OutputOption _picture = new("--picture",
        "Draw the scores: one page with a line for each metric and the metrics' rank correlations",
        "FILE.html");
    private readonly FormatOption _format = new();
    private readonly MachineOptions _machine = new();

    internal DepthCommand() : base(
        "depth",
        "Score layers by the effect of removing them: single layers, contiguous spans and greedy sequences, by several metrics",
        "espalier depth models/quickstart-teacher models/quickstart-teacher/self-written.jsonl "
            + "--drop 2 --output depth.json --picture depth.html",
        "espalier depth models/quickstart-teacher --ids tests/golden/quickstart-teacher/self-written.ids.i32 "
            + "--metrics lm-loss,logit-mse --samples 16 --json") =>
        Takes([_model, .. _input.Symbols, .. _keys.Options, .. _cut.Options, _output, _picture, _format, .. _machine.Options]);

    protected override int Run(CommandRun run)
    {
        _format.Check(run);
        var asked = _keys.Read(run, DepthSection.Section);
        ReadPlace[] reads = [_model.Place(run), .. _input.Places(run), .. asked.Task is { } task && File.Exists(task)
            ? [new ReadPlace("the task", task)] : Array.Empty<ReadPlace>()];
        var file = _output.File(run, OutputKind.DepthScores, reads);
        var page = _picture.File(run, OutputKind.Html, [.. reads, .. _output.Place(run)]);
        using var checkpoint = _model.OpenFinite(run);
        RequireLayers(asked, checkpoint.Config.Layers);
        if (asked.Task is { } name)
            _ = DepthStage.TaskOf(name, benchmarks: null).Questions;
        var sequence = _cut.Sequence(run, checkpoint.Config);
        var tokens = !asked.ReadsText && !_input.IsGiven(run) ? null : _input.Tokens(run, checkpoint, sequence);
        using var opened = tokens?.Value;
        if (opened is not null)
            RequireSamples(run, opened.Train, sequence, asked.Samples);

        _machine.Start(run);
        var scores = RunContext.Once(file, Name, 0, run.Progress, context =>
        {
            var stage = new DepthStage(ModelArgument.Slot(checkpoint), () => asked, () => asked, tokens, sequence)
            {
                Batch = _cut.Batch(run),
            };
            context.Walk([stage]);
            var found = DepthScoresFile.Read(stage.Scores.Value.Path);
            if (file is not null)
                DurableOutput.Move(stage.Scores.Value.Path, file);
            return found;
        }, run.Cancellation);
        var report = new DepthReport(checkpoint.Folder, scores, asked.Greedy > 0 ? asked.Greedy : null, file, page);
        if (page is not null)
            DurableOutput.WriteFile(page, 0, stream =>
            {
                using var writer = new StreamWriter(stream, leaveOpen: true);
                DepthPicture.Write(writer, report);
            });
        _format.Write(run, report.ToJson(), (shown, _) => Show(shown, report), _ => Csv(report));
        return ExitCodes.Done;
    }

    private static void RequireLayers(DepthSection asked, int layers)
    {
        if (asked.Greedy >= layers)
            throw new EspalierException($"--drop is {asked.Greedy}, but the model has {layers} layers: drop 1 to {layers - 1}");
        if (asked.Spans.FirstOrDefault(width => width >= layers) is > 0 and var wrong)
            throw new EspalierException($"--spans has {wrong}, but the model has {layers} layers: give widths from 1 to {layers - 1}");
    }

    /// <summary>Refuses a text that is too short for the samples that nobody asked for.</summary>
    private void RequireSamples(CommandRun run, ITokens tokens, int sequence, int wanted)
    {
        var windows = new WindowSet(tokens, sequence);
        if (windows.Count < wanted && !_keys.GivenNames(run).Contains("--samples"))
            throw new EspalierException(
                $"{tokens.Name}: {tokens.Count} tokens make {windows.Count} samples of {sequence + 1} ids, but --samples is {wanted}: give "
                    + $"--samples {windows.Count}, shorter ones with --sequence, or more text");
    }

    private static void Show(Page page, DepthReport report)
    {
        var scores = report.Scores;
        page.Heading(scores.Samples > 0
            ? $"{report.Model}: {scores.Samples} samples of {scores.SampleLength} tokens; higher means more harm"
            : $"{report.Model}: higher means more harm");
        page.Table(Layers(report));
        if (report.Drop is { } drop)
        {
            page.Line();
            page.Heading($"removing {drop} of {scores.Layers} layers");
            page.Table(Chosen(report));
        }
        if (report.Kinds.Count > 1)
        {
            page.Line();
            page.Heading("rank correlation (Spearman) over single layers");
            page.Table(Correlations(report));
        }
        foreach (var file in new[] { report.Output, report.Picture }.OfType<string>())
            page.Line($"wrote {file}");
    }

    /// <summary>A row a layer; the whole model's comes first, without a layer.</summary>
    private static CsvTable Csv(DepthReport report)
    {
        var table = new CsvTable(["without_layer", .. report.Kinds.Select(EnumName.Of)]);
        table.Add([null, .. report.Kinds.Select(kind => (object?)report.Scores.Metrics[kind].Whole)]);
        for (var layer = 0; layer < report.Scores.Layers; layer++)
            table.Add([layer, .. report.Kinds.Select(kind => (object?)report.Scores.Metrics[kind].Singles[layer])]);
        return table;
    }

    private static TextTable Layers(DepthReport report)
    {
        var columns =
            report.Kinds.Select(kind =>
                (Name: EnumName.Of(kind), report.Scores.Metrics[kind].Whole, Values: report.Scores.Metrics[kind].Singles)).ToList();
        if (report.Scores.Metrics.TryGetValue(DepthMetricKind.LmLoss, out var loss))
            columns.Add(("perplexity", Math.Exp(loss.Whole), [.. loss.Singles.Select(Math.Exp)]));
        if (report.Scores.Metrics.TryGetValue(DepthMetricKind.Task, out var task) && task.Accuracies is { } accuracies)
            columns.Add(("accuracy", task.WholeAccuracy!.Value, accuracies));
        var table = new TextTable([">without layer", .. columns.Select(column => $">{column.Name}")]);
        table.Add(["none", .. columns.Select(column => Digits(column.Whole))]);
        for (var layer = 0; layer < report.Scores.Layers; layer++)
            table.Add([layer.ToString(CultureInfo.InvariantCulture), .. columns.Select(column => Digits(column.Values[layer]))]);
        return table;
    }

    private static TextTable Chosen(DepthReport report)
    {
        var table = new TextTable("by", "contiguous", "scattered", "greedy");
        foreach (var kind in report.Kinds)
            table.Add(EnumName.Of(kind), List(kind, DepthChoice.Contiguous), List(kind, DepthChoice.Scattered),
                List(kind, DepthChoice.Greedy));
        return table;

        string List(DepthMetricKind kind, DepthChoice choice) => string.Join(' ', report.Chosen(kind, choice));
    }

    private static TextTable Correlations(DepthReport report)
    {
        var table = new TextTable(["", .. report.Kinds.Select(kind => $">{EnumName.Of(kind)}")]);
        foreach (var first in report.Kinds)
            table.Add([EnumName.Of(first), .. report.Kinds.Select(second => Two(report.Correlation(first, second)))]);
        return table;
    }

    private static string Digits(double value) => value.ToString("G5", CultureInfo.InvariantCulture);

    private static string Two(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
