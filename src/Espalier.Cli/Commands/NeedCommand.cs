using System.CommandLine;
using System.Globalization;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Data;
using Espalier.Compression.Evaluation;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages;

namespace Espalier.Cli.Commands;

/// <summary>Whether a teacher should be corrected before it teaches a text.</summary>
internal sealed class NeedCommand : CommandBase
{
    private readonly Argument<string> _teacher = new("teacher") { Description = "Hugging Face folder of the teacher" };
    private readonly TokenInput _input = new();

    private readonly Option<string> _reference = new("--reference")
    {
        Description =
            "Text or ids that the teacher knows well; by default self-written.jsonl in its folder, else text that it writes now",
        HelpName = "PATH",
    };

    private readonly NumberOption _threshold = new(
        "--threshold", "Needed where the difference is above this with 95 % confidence, nats a token", "X",
        CorrectionSection.DefaultThreshold);

    private readonly CountOption _seq = new CountOption("--sequence", $"Tokens of a window, at most {CorrectionTest.MostSequence}",
        CorrectionTest.MostSequence, least: 2, most: CorrectionTest.MostSequence).Or("--seq");
    private readonly CountOption _seed = new("--seed", "Seed of text that the teacher writes now", 1, least: 0);
    private readonly ThreadsOption _threads = new();

    internal NeedCommand() : base(
        "need",
        "Test whether a teacher needs correction for a text: its loss beyond its own expectation, there and on a reference",
        "espalier need models/quickstart-teacher dotnet-docs",
        "espalier need models/quickstart-teacher docs --reference models/quickstart-teacher/self-written.jsonl --json")
    {
        Arguments.Add(_teacher);
        _input.AddTo(this);
        Options.Add(_reference, _threshold, _seq, _seed);
        _threads.AddTo(this);
    }

    protected override int Run(CommandRun run)
    {
        var folder = run.Get(_teacher)!;
        using var checkpoint = Checkpoint.Open(folder).WithNotes(run);
        checkpoint.CheckFinite(run.Cancellation);
        var length = Math.Min(run.Get(_seq)!.Value, checkpoint.Config.MaxPositions);
        var section = new CorrectionSection { Reference = Reference(run), Threshold = run.Get(_threshold)!.Value };
        var tokens = _input.Tokens(run, checkpoint, length);
        using var opened = tokens.Value;

        _threads.Start(run);
        var result = RunContext.Once(null, Name, run.Get(_seed)!.Value, run.Progress, context =>
        {
            var stage = new NeedStage(ModelArgument.Slot(checkpoint), folder, section, tokens, length,
                run.Get(_seed)!.Value)
            { DataName = opened.Train.Name };
            context.Walk([stage]);
            return stage.Found.Value;
        }, run.Cancellation);
        run.Write(result, Show, ("model", folder));
        return ExitCodes.Done;
    }

    private string? Reference(CommandRun run) => run.Get(_reference) is not { } path ? null
        : DataSection.IsIds(path) || path == DotnetDocs.Name || Path.Exists(DocumentSource.PathOf(path)) || path.Contains('*') ? path
        : throw new EspalierException($"--reference {path}: not found; name a text that the teacher knows well, or leave it out");

    private static void Show(Page page, CorrectionTestResult report)
    {
        var table = new TextTable(new("nats a token"), new("windows", Number: true), new("loss", Number: true),
            new("expected", Number: true), new("beyond it", Number: true));
        foreach (var text in new[] { report.Data, report.Reference })
            table.Add(text.Name, $"{text.Windows}", Number(text.Loss, text.LossSe), Number(text.Expected, text.ExpectedSe),
                Number(text.Excess, text.ExcessSe));
        table.Add("difference", "", Number(report.LossDifference, report.LossDifferenceSe), "",
            Number(report.Difference, report.DifferenceSe));
        page.Table(table);
        page.Line(
            string.Create(CultureInfo.InvariantCulture,
                $"95 % interval of the difference beyond it: {report.Lower:0.0000} to "
                    + $"{report.Upper:0.0000} ({report.Degrees:0.#} degrees of freedom)"));
        page.Line();
        page.Line(report.Why);
    }

    private static string Number(double value, double error) =>
        string.Create(CultureInfo.InvariantCulture, $"{value:0.0000} ± {error:0.0000}");
}
