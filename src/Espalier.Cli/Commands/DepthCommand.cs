using System.CommandLine;
using System.Globalization;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Data;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Files;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Stages;
using Espalier.Reports.Pictures;

namespace Espalier.Cli.Commands;

/// <summary>Importance of layers, by what their removal does.</summary>
internal sealed class DepthCommand : CommandBase
{
    private const int DefaultSeq = 256;
    private const string All = "all";

    private readonly ModelArgument _model = new();
    private readonly TokenInput _input = new();
    private readonly Option<string> _metrics = new("--metrics")
    {
        Description = $"How a layer is judged: {string.Join(", ", DepthNames.Metrics)}, a list of them, or all (the task only with --task)",
        HelpName = "NAME,NAME",
        DefaultValueFactory = _ => All,
    };

    private readonly CountOption _samples = new("--samples", "Calibration samples: the first N windows, none overlapping", 64);
    private readonly CountOption _seq = new CountOption("--sequence",
        $"Tokens of a sample; by default the model's positions, at most {DefaultSeq}").Or("--seq");
    private readonly CountOption _batch = new("--batch", "Samples of one forward pass; changes nothing but speed and memory", 8,
        most: 1024);
    private readonly CountOption _drop = new("--drop",
        "How many layers are to go: the best span, single layers and greedy sequence of so many by each metric");
    private readonly Option<string> _spans = new("--spans")
    {
        Description = "Widths of further spans of layers, such as 2,4",
        HelpName = "N,N"
    };
    private readonly Option<string> _task = new("--task")
    { Description = "Multiple-choice items, one JSON object a line: context, choices, answer", HelpName = "FILE.jsonl" };
    private readonly OutputOption _output = new("--output", "Write the scores", "FILE.json");
    private readonly OutputOption _picture = new("--picture", "Draw them: one page with a line for each metric and their rank correlations",
        "FILE.html");
    private readonly FormatInput _format = new();
    private readonly ThreadsOption _threads = new();

    internal DepthCommand() : base(
        "depth",
        "Score layers by what removing them does: single ones, contiguous spans and greedy sequences, by several metrics side by side",
        "espalier depth models/quickstart-teacher models/quickstart-teacher/self-written.jsonl "
            + "--drop 2 --output depth.json --picture depth.html",
        "espalier depth models/quickstart-teacher --ids tests/golden/quickstart-teacher/self-written.ids.i32 "
            + "--metrics lm-loss,logit-mse --samples 16 --json")
    {
        _model.AddTo(this);
        _input.AddTo(this);
        Options.Add(_metrics, _samples, _seq, _batch, _drop, _spans, _task, _output, _picture);
        _format.AddTo(this);
        _threads.AddTo(this);
    }

    protected override int Run(CommandRun run)
    {
        _format.Check(run);
        ReadPlace[] reads = [_model.Place(run), .. _input.Places(run), .. run.Get(_task) is { } asked
            ? [new ReadPlace("the multiple-choice items", asked)] : Array.Empty<ReadPlace>()];
        var file = _output.File(run, OutputKind.DepthScores, reads);
        var page = _picture.File(run, OutputKind.Html, [.. reads, .. _output.Place(run)]);
        var kinds = Kinds(run);
        using var checkpoint = _model.OpenFinite(run);
        var options = OptionsOf(run, checkpoint.Config, kinds);
        if (run.Get(_task) is { } items)
            _ = MultipleChoiceFile.Read(items);
        var sequence = Sequence(run, checkpoint.Config);
        var tokens = kinds is [DepthMetricKind.Task] && !_input.IsGiven(run) ? null : _input.Tokens(run, checkpoint, sequence);
        using var opened = tokens?.Value;
        if (opened is not null)
            RequireSamples(run, opened.Train, sequence, options.Samples);

        _threads.Start(run);
        var scores = RunContext.Once(file, Name, 0, run.Progress, context =>
        {
            var stage = new DepthStage(ModelArgument.Slot(checkpoint), () => options, () => options, run.Get(_task), tokens, sequence);
            context.Walk([stage]);
            var found = DepthScoresFile.Read(stage.Scores.Value.Path);
            if (file is not null)
                DurableOutput.Move(stage.Scores.Value.Path, file);
            return found;
        }, run.Cancellation);
        var report = new DepthReport(checkpoint.Folder, scores, run.Get(_drop), file, page);
        if (page is not null)
            DurableOutput.WriteFile(page, 0, stream =>
            {
                using var writer = new StreamWriter(stream, leaveOpen: true);
                DepthPicture.Write(writer, report);
            });
        _format.Write(run, report.ToJson(), (shown, _) => Show(shown, report), _ => Csv(report));
        return ExitCodes.Done;
    }

    private DepthMetricKind[] Kinds(CommandRun run)
    {
        var list = run.Get(_metrics)!;
        DepthMetricKind[] kinds = list == All
            ? [.. Enum.GetValues<DepthMetricKind>().Where(kind => kind != DepthMetricKind.Task || run.Has(_task))]
            : [.. list.Split(',', StringSplitOptions.TrimEntries).Select(DepthNames.Parse).Distinct()];
        if (kinds.Contains(DepthMetricKind.Task) && !run.Has(_task))
            throw new EspalierException("--metrics has task and there is none: give multiple-choice items with --task FILE.jsonl");
        return !kinds.Contains(DepthMetricKind.Task) && run.Has(_task)
            ? throw new EspalierException($"--task was given and --metrics is '{list}': add task to them, or leave --task out")
            : kinds;
    }

    private DepthOptions OptionsOf(CommandRun run, DecoderConfig config, DepthMetricKind[] kinds)
    {
        var dropped = run.Get(_drop) ?? 0;
        if (dropped >= config.Layers)
            throw new EspalierException(
                $"--drop is {dropped} and the model has {config.Layers} layers: drop from 1 to {config.Layers - 1}");
        int[] widths = run.Get(_spans) is { } list ? Widths(list) : [];
        if (Array.Find(widths, width => width < 1 || width >= config.Layers) is not 0 and var wrong)
            throw new EspalierException(
                $"--spans has {wrong} and the model has {config.Layers} layers: give widths from 1 to {config.Layers - 1}");
        return new()
        {
            Metrics = kinds,
            Samples = run.Get(_samples)!.Value,
            Batch = run.Get(_batch)!.Value,
            Widths = dropped > 0 ? [.. widths, dropped] : widths,
            Greedy = dropped,
        };
    }

    private int Sequence(CommandRun run, DecoderConfig config) => run.Get(_seq) > config.MaxPositions
        ? throw new EspalierException(
            $"--sequence is {run.Get(_seq)} and the model has {config.MaxPositions} positions (max_position_embeddings): give at most that")
        : run.Get(_seq) ?? Math.Min(DefaultSeq, config.MaxPositions);

    /// <summary>Refuses a text that is too short for the samples that nobody asked for.</summary>
    private void RequireSamples(CommandRun run, ITokens tokens, int sequence, int wanted)
    {
        var windows = new WindowSet(tokens, sequence);
        if (windows.Count < wanted && !run.Has(_samples))
            throw new EspalierException(
                $"{tokens.Name}: {tokens.Count} tokens make {windows.Count} samples of {sequence + 1} ids and --samples is {wanted}: give "
                    + $"--samples {windows.Count}, shorter ones with --sequence, or more text");
    }

    private static int[] Widths(string list) => [.. list.Split(',', StringSplitOptions.TrimEntries).Select(part =>
        int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var width) && width > 0
            ? width
            : throw new EspalierException($"--spans is '{list}' and '{part}' is no number of layers: give widths such as 2,4"))];

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
            page.Heading($"{drop} of {scores.Layers} layers go");
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
        var table = new CsvTable(["without_layer", .. report.Kinds.Select(DepthNames.Of)]);
        table.Add([null, .. report.Kinds.Select(kind => (object?)report.Scores.Metrics[kind].Whole)]);
        for (var layer = 0; layer < report.Scores.Layers; layer++)
            table.Add([layer, .. report.Kinds.Select(kind => (object?)report.Scores.Metrics[kind].Singles[layer])]);
        return table;
    }

    private static TextTable Layers(DepthReport report)
    {
        var columns =
            report.Kinds.Select(kind =>
                (Name: DepthNames.Of(kind), report.Scores.Metrics[kind].Whole, Values: report.Scores.Metrics[kind].Singles)).ToList();
        if (report.Scores.Metrics.TryGetValue(DepthMetricKind.LmLoss, out var loss))
            columns.Add(("perplexity", Math.Exp(loss.Whole), [.. loss.Singles.Select(Math.Exp)]));
        if (report.Scores.Metrics.TryGetValue(DepthMetricKind.Task, out var task) && task.Accuracies is { } accuracies)
            columns.Add(("accuracy", task.WholeAccuracy!.Value, accuracies));
        var table = new TextTable(
            [new("without layer", Number: true), .. columns.Select(column => new TextColumn(column.Name, Number: true))]);
        table.Add(["none", .. columns.Select(column => Digits(column.Whole))]);
        for (var layer = 0; layer < report.Scores.Layers; layer++)
            table.Add([layer.ToString(CultureInfo.InvariantCulture), .. columns.Select(column => Digits(column.Values[layer]))]);
        return table;
    }

    private static TextTable Chosen(DepthReport report)
    {
        var table = new TextTable(new("by"), new("contiguous"), new("scattered"), new("greedy"));
        foreach (var kind in report.Kinds)
            table.Add(DepthNames.Of(kind), List(kind, DepthChoice.Contiguous), List(kind, DepthChoice.Scattered),
                List(kind, DepthChoice.Greedy));
        return table;

        string List(DepthMetricKind kind, DepthChoice choice) => string.Join(' ', report.Chosen(kind, choice));
    }

    private static TextTable Correlations(DepthReport report)
    {
        var table = new TextTable([new(""), .. report.Kinds.Select(kind => new TextColumn(DepthNames.Of(kind), Number: true))]);
        foreach (var first in report.Kinds)
            table.Add([DepthNames.Of(first), .. report.Kinds.Select(second => Two(report.Correlation(first, second)))]);
        return table;
    }

    private static string Digits(double value) => value.ToString("G5", CultureInfo.InvariantCulture);

    private static string Two(double value) => value.ToString("0.00", CultureInfo.InvariantCulture);
}
