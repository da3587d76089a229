using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Commands.Shared.Inputs;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Data.Xml;
using Espalier.Compression.Evaluation;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages.Pruning;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Cli.Commands.Pruning;

/// <summary>Whether a teacher should be corrected before it teaches a text.</summary>
internal sealed class NeedCommand : CommandBase
{
    private static readonly CorrectionSection s_auto = new() { When = CorrectWhen.Auto };

    private readonly Argument<string> _teacher = new("teacher") { Description = "Hugging Face folder of the teacher" };
    private readonly TokenInput _input = new();

    private readonly KeyOptions<CorrectionSection> _keys = new(CorrectionSection.Keys(), s_auto);

    private readonly ValueOption<int> _sequence = new ValueOption<int>("--sequence",
        Kinds.Size(least: 2, most: CorrectionTest.MostSequence), $"Tokens per window, at most {CorrectionTest.MostSequence}",
        CorrectionTest.MostSequence).Or("--seq");

    private readonly SeedOption _seed = new("text that the teacher writes now");
    private readonly MachineOptions _machine = new();

    internal NeedCommand() : base(
        "need",
        "Test whether a teacher needs correction for a text: compares its loss above its own expectation there and on a reference",
        "espalier need models/quickstart-teacher dotnet-docs",
        "espalier need models/quickstart-teacher docs --reference models/quickstart-teacher/self-written.jsonl --json") =>
        Takes([_teacher, .. _input.Symbols, .. _keys.Options, _sequence, _seed, .. _machine.Options]);

    protected override int Run(CommandRun run)
    {
        var folder = run.Get(_teacher)!;
        using var checkpoint = Checkpoint.Open(folder).WithNotes(run);
        checkpoint.CheckFinite(run.Cancellation);
        var length = Math.Min(run.Get(_sequence)!.Value, checkpoint.Config.MaxPositions);
        var section = _keys.Read(run, CorrectionSection.Section);
        if (section.Reference is { } reference && reference != DotnetDocs.Name && !RecipePaths.IsThere(reference))
            throw new EspalierException(
                $"--reference {reference}: not found; give a text that the teacher knows well, or leave it out");
        var tokens = _input.Tokens(run, checkpoint, length);
        using var opened = tokens.Value;

        _machine.Start(run);
        var result = RunContext.Once(null, Name, _seed.Get(run), run.Progress, context =>
        {
            var stage = new NeedStage(ModelArgument.Slot(checkpoint), folder, section, tokens, length,
                _seed.Get(run))
            { DataName = opened.Train.Name, SaysVerdict = false };
            context.Walk([stage]);
            return stage.Found.Value;
        }, run.Cancellation);
        run.Write(result, Show, ("model", folder));
        return ExitCodes.Done;
    }

    private static void Show(Page page, CorrectionTestResult report)
    {
        var table = new TextTable("nats per token", ">windows", ">loss", ">expected", ">above it");
        foreach (var text in new[] { report.Data, report.Reference })
            table.Add(text.Name, $"{text.Windows}", LossText.WithError(text.Loss, text.LossSe),
                LossText.WithError(text.Expected, text.ExpectedSe),
                LossText.WithError(text.Excess, text.ExcessSe));
        table.Add("difference", "", LossText.WithError(report.LossDifference, report.LossDifferenceSe), "",
            LossText.WithError(report.Difference, report.DifferenceSe));
        page.Table(table);
        page.Line(
            string.Create(CultureInfo.InvariantCulture,
                $"95 % interval of the difference above it: {report.Lower:0.0000} to "
                    + $"{report.Upper:0.0000} ({report.Degrees:0.#} degrees of freedom)"));
        page.Line();
        page.Line(report.Why);
    }
}
