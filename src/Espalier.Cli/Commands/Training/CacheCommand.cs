using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Commands.Shared.Inputs;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Distillation.Caching;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Texts;
using Espalier.Pipeline.Stages.Training;

namespace Espalier.Cli.Commands.Training;

/// <summary>Writes a teacher's distributions to disk, to distil from without the teacher.</summary>
internal sealed class CacheCommand : CommandBase
{
    private readonly Argument<string> _teacher = new("teacher") { Description = "Hugging Face folder of the teacher" };
    private readonly TokenInput _input = new();

    private readonly OutputOption _output = new("--output", "Folder to write; FOLDER.run next to it keeps the tokens", "FOLDER",
        required: true);

    private readonly KeyOptions<CacheSection> _kept = new(CacheSection.Keys, new());
    private readonly ValueOption<double> _temperature = new("--temperature", TrainingSection.TemperatureKind,
        "Temperature that divides the logits; training must use the same", new TrainingSection().Temperature);
    private readonly KeyOptions<DataSection> _cut = new(DataSection.Keys, new());
    private readonly ValueOption<int> _windows = new("--windows", Kinds.Size(), "Store only the first N windows; by default all");
    private readonly HeldOutOption _heldOut = new();
    private readonly SeedOption _seed = new("the samples");
    private readonly MachineOptions _machine = new();

    internal CacheCommand() : base(
        "cache",
        "Store a teacher's distributions on a text on disk, to distil from them without the teacher",
        "espalier cache models/quickstart-teacher dotnet-docs --encoding top-k --k 64 --output cache",
        "espalier cache models/quickstart-teacher --ids tests/golden/quickstart-teacher/self-written.ids.i32 --sequence 256 --encoding "
            + "top-k-samples --k 16 --samples 16 --output sampled --json") =>
        Takes([_teacher, .. _input.Symbols, _output, .. _kept.Options, .. _cut.Options, _temperature, _windows, _heldOut, _seed,
            .. _machine.Options]);

    protected override int Run(CommandRun run)
    {
        var path = run.Get(_teacher)!;
        var folder = _output.FolderWithRun(run, [new("the teacher's folder", path), .. _input.Places(run)]);
        using var checkpoint = Checkpoint.Open(path).WithNotes(run);
        checkpoint.CheckFinite(run.Cancellation);
        var data = _heldOut.Data(run, _input, _cut.Read(run, DataSection.Section));
        var (length, tau) = (data.Sequence, run.Get(_temperature)!.Value);
        WindowsInput.RequirePositions(length, path, checkpoint.Config);
        var section = _kept.Read(run, CacheSection.Section);
        CacheWriter.Require(folder);
        _machine.Start(run);

        var report = RunContext.Within($"{folder}.run", "cache", _seed.Get(run), run.Progress, context =>
        {
            var stage = new DataStage(data, path, checkpoint.Config.VocabularySize);
            context.Walk([stage]);
            using var tokens = stage.Tokens.Value;
            var cache = new CacheStage(ModelSlot.Of(context.Given("teacher", path)), section, tau, long.MaxValue, stage.Tokens, length,
                _seed.Get(run))
            {
                Place = folder,
                Windows = count =>
                    [.. Enumerable.Range(0, checked((int)Math.Min(run.Get(_windows) ?? count, count))).Select(window => (long)window)],
            };
            context.Walk([cache]);
            using var written = TeacherCache.Open(folder);
            return new CacheReport(
                folder, section.Encoding, written.Windows, (long)written.Windows * length, (double)written.Layout.WindowBytes / length,
                written.Layout.BytesFor(written.Windows));
        }, run.Cancellation);
        run.Write(report, Show);
        return ExitCodes.Done;
    }

    private static void Show(Page page, CacheReport report)
    {
        page.Line(
            $"{EnumName.Of(report.Encoding)}: {Units.Count(report.Tokens)} tokens, "
                + $"{report.BytesPerToken:0.#} bytes each, {Units.Bytes(report.Bytes)}");
        page.Line($"wrote {report.Output}; train with espalier distill STUDENT --cache {report.Output} and the same text");
    }
}

/// <summary>What <c>cache --json</c> prints.</summary>
/// <param name="Output">The folder that was written.</param>
/// <param name="Encoding">What is kept: top-k, samples, top-k-samples or hidden.</param>
/// <param name="Windows">Windows kept.</param>
/// <param name="Tokens">Tokens kept.</param>
/// <param name="BytesPerToken">Bytes of a token.</param>
/// <param name="Bytes">Bytes of all tokens.</param>
internal sealed record CacheReport(string Output, CacheEncoding Encoding, long Windows, long Tokens, double BytesPerToken, long Bytes);
