using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Data.Sources;
using Espalier.Compression.Synthesis;
using Espalier.Evaluation.Tasks;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Stages.Synthesis;

namespace Espalier.Cli.Commands.Training;

/// <summary>Has a teacher write texts to train on, and keeps those that are good for it.</summary>
internal sealed class SynthesizeCommand : CommandBase
{
    private readonly ModelArgument _model = new();
    private readonly OutputOption _output = new("--output", "JSON lines to write; FILE.journal next to it lets an interrupted command "
        + "resume, and FILE.record says how the finished file was made", "FILE.jsonl", required: true);
    private readonly KeyOptions<SynthesisOptions> _keys = new(SynthesisSection.Keys, new());
    private readonly TextOption _benchmarks = new("--benchmarks",
        "Folder that holds the benchmarks' files; by default ESPALIER_BENCHMARKS, otherwise benchmarks", "FOLDER");
    private readonly SeedOption _seed = new("the texts");
    private readonly MachineOptions _machine = new();

    internal SynthesizeCommand() : base(
        "synthesize",
        "Have a teacher write training text: from scratch, in answer to prompts, or continuing documents; filtered, with provenance",
        "espalier synthesize models/quickstart-teacher --count 12 --max-tokens 100 --min-tokens 4 --keep-unfinished --output written.jsonl",
        "espalier synthesize models/quickstart-teacher --documents models/quickstart-teacher/self-written.jsonl --count 8 --beginning 8 "
            + "--min-tokens 4 --max-tokens 80 --temperature 0.8 --top-p 0.95 --keep-unfinished --decontaminate tasks/endings/endings.yaml "
            + "--output continued.jsonl --json") =>
        Takes([_model, _output, .. _keys.Options, _benchmarks, _seed, .. _machine.Options]);

    protected override int Run(CommandRun run)
    {
        var options = _keys.Read(run, SynthesisSection.Section);
        ReadPlace[] reads = [_model.Place(run), .. options.Prompts is { } file ? [new ReadPlace("the prompts", file)]
            : Array.Empty<ReadPlace>(),
            .. SourcePlaces.Of("the documents", options.Documents), .. SourcePlaces.Of("the text to keep out", options.Decontaminate)];
        var output = _output.File(run, OutputKind.Synthesis, reads)!;
        foreach (var beside in (string[])[SynthesisRecord.JournalOf(output), SynthesisRecord.PlaceOf(output)])
            OutputGuard.Require($"--output {output}, which {beside} goes with", beside, reads);
        using var checkpoint = _model.OpenFinite(run);
        _machine.Start(run);
        var synthesis = TeacherTexts.Of(
            checkpoint, Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(checkpoint.Folder))),
            KnownFolder.Hash(checkpoint.Folder), options, BenchmarksFolder.Find(run.Get(_benchmarks)), _seed.Get(run), run.Progress,
            run.Cancellation);
        var result = Written(run, synthesis, output);
        run.Write(SynthesisReport.Of(output, result), Show);
        return ExitCodes.Done;
    }

    private static SynthesisResult Written(CommandRun run, SynthesisRun synthesis, string output)
    {
        try
        {
            return synthesis.Run(output, run.Progress, run.Cancellation);
        }
        catch (OperationCanceledException)
        {
            run.Progress.Note("finished texts are kept: the same command resumes from here");
            throw;
        }
    }

    private static void Show(Page page, SynthesisReport report)
    {
        var table = new TextTable("texts", ">number");
        table.Add("written", $"{report.Written}");
        foreach (var (reason, count) in report.Dropped)
            table.Add($"- {reason}", $"{count}");
        table.Add("kept", $"{report.Kept}");
        page.Table(table);
        if (DroppedTexts.Advice(report.Written, report.Kept, report.Dropped) is { } advice)
            page.Line(advice);
        if (report.Perplexity is { } perplexity)
            page.Line(string.Create(CultureInfo.InvariantCulture,
                $"{Units.Count(report.KeptTokens)} tokens kept, with perplexity {perplexity:0.00} under the teacher"));
        page.Line(report.TokensPerSecond is { } speed
            ? $"{Units.Counted(report.NewTexts, "text")} written now in {report.Seconds:0.#} s, {Units.Short(speed)} tokens/s"
            : "all texts had been written before");
        page.Line($"wrote {report.Output}");
    }
}

/// <summary>What <c>synthesize --json</c> prints.</summary>
/// <param name="Output">The file that was written.</param>
/// <param name="Written">Texts that the teacher wrote, over all starts.</param>
/// <param name="Kept">Texts in the file.</param>
/// <param name="Dropped">Texts that were not kept, by reason: prompt-too-long, empty, unfinished, short, perplexity, repetition, language,
/// contaminated, duplicate, near-duplicate. Each is counted once, by the first of these.</param>
/// <param name="Tokens">Tokens that were written, prompts not counted.</param>
/// <param name="KeptTokens">Those of the texts in the file.</param>
/// <param name="Perplexity">Perplexity of these under the teacher at temperature 1; null where nothing was kept.</param>
/// <param name="NewTexts">Texts that this start wrote.</param>
/// <param name="Seconds">Seconds that it took, without loading.</param>
/// <param name="TokensPerSecond">Tokens that it wrote a second; null where all were written before.</param>
internal sealed record SynthesisReport(
    string Output, int Written, int Kept, IReadOnlyDictionary<string, int> Dropped, long Tokens, long KeptTokens, double? Perplexity,
    int NewTexts, double Seconds, double? TokensPerSecond)
{
    internal static SynthesisReport Of(string output, SynthesisResult result) => new(
        output, result.Summary.Written, result.Summary.Kept, result.Summary.Dropped, result.Summary.Tokens, result.Summary.KeptTokens,
        result.Summary.Perplexity, result.NewTexts, result.Seconds, result.NewTexts > 0 ? result.NewTokens / result.Seconds : null);
}
