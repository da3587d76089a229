using System.CommandLine;
using System.Diagnostics;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression;
using Espalier.Files;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Gguf;
using Espalier.Models.Runtimes;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Stages;

namespace Espalier.Cli.Commands;

/// <summary>Writes a model as GGUF, or as a Hugging Face folder of another element type.</summary>
internal sealed class ExportCommand : CommandBase
{
    private const string Ending = ".gguf";

    private readonly ModelArgument _model = new();
    private readonly OutputOption _output = new("--output", "The GGUF file or the folder to write", "FILE.gguf|FOLDER", required: true);
    private readonly ChoiceOption<ExportType> _type = new(
        "--type",
        "How matrices are stored in GGUF, or hf for a folder; by default what the output's name says, as exactly as the model is stored",
        null,
        ("f32", ExportType.F32), ("f16", ExportType.F16), ("bf16", ExportType.Bf16), ("q8_0", ExportType.Q8), ("hf", ExportType.Hf),
        ("gguf-f32", ExportType.F32), ("gguf-f16", ExportType.F16), ("gguf-bf16", ExportType.Bf16), ("gguf-q8_0", ExportType.Q8));
    private readonly DtypeOption _dtype = new();

    internal ExportCommand() : base(
        "export",
        "Write a model as GGUF for llama.cpp, or as a Hugging Face folder of another element type",
        "espalier export models/quickstart-teacher --output teacher-q8_0.gguf --type q8_0",
        "espalier export models/quickstart-teacher --output teacher-f32 --type hf --dtype f32")
    {
        _model.AddTo(this);
        Options.Add(_output);
        _type.Aliases.Add("--format");
        Options.Add(_type);
        _dtype.AddTo(this);
    }

    protected override int Run(CommandRun run)
    {
        var place = run.Get(_output)!;
        var wanted = run.Get(_type) ?? (place.EndsWith(Ending, StringComparison.OrdinalIgnoreCase) ? null : ExportType.Hf);
        if (wanted != ExportType.Hf && _dtype.IsGiven(run))
            throw new EspalierException(
                $"--dtype is for folders (--type hf): for {place} choose --type {string.Join(", ", GgufTypes.All.Select(GgufTypes.Name))}");
        if (wanted == ExportType.Hf && place.EndsWith(Ending, StringComparison.OrdinalIgnoreCase))
            throw new EspalierException($"--output {place}: --type hf writes a folder; give a name without {Ending}");

        var started = Stopwatch.GetTimestamp();
        using var checkpoint = _model.Open(run);
        var report = wanted == ExportType.Hf ? WriteFolder(run, checkpoint) : WriteGguf(run, checkpoint, wanted);
        run.Write(report with { Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds }, Show);
        return ExitCodes.Done;
    }

    private ExportReport WriteFolder(CommandRun run, Checkpoint checkpoint)
    {
        var folder = _output.NewFolder(run, _model.Place(run));
        var stored = _dtype.Read(run, checkpoint);
        var narrowing = new Narrowing(_dtype.Clamp(run));
        checkpoint.CheckFinite(run.Cancellation);
        using (var task = run.Progress.Begin("export", checkpoint.Config.Parameters * stored.Bytes(), "bytes"))
            CheckpointWriter.Write(folder, checkpoint.Config, checkpoint, stored, checkpoint,
                new() { Progress = written => task.Advance(written), Narrowing = narrowing }, run.Cancellation);
        if (narrowing.Warning is { } warning)
            run.Progress.Warn($"{folder}: {warning}");
        if (ReloadCheck.Fits(checkpoint.Config))
            ReloadCheck.Require(checkpoint, folder, stored, _dtype.Clamp(run));
        else
            run.Progress.Warn(
                $"{folder} was not loaded again to compare its logits: that takes "
                    + $"{Units.Bytes(ReloadCheck.Bytes(checkpoint.Config))} of memory");
        if (Tokenizer.DisagreementIn(folder) is { } disagreement)
            run.Progress.Warn(disagreement);
        using var written = Checkpoint.Open(folder);
        return new(folder, "hf", stored.ConfigName(), written.TotalBytes, checkpoint.TotalBytes,
            Preflight.Of(checkpoint.Family, checkpoint.Config, written.RawConfig));
    }

    private ExportReport WriteGguf(CommandRun run, Checkpoint checkpoint, ExportType? wanted)
    {
        var file = _output.File(run, OutputKind.Gguf, _model.Place(run))!;
        var stored = wanted switch
        {
            ExportType.F32 => GgufType.F32,
            ExportType.F16 => GgufType.F16,
            ExportType.Bf16 => GgufType.BF16,
            ExportType.Q8 => GgufType.Q8_0,
            _ => checkpoint.StoredType switch { ElementType.BF16 => GgufType.BF16, ElementType.F16 => GgufType.F16, _ => GgufType.F32 },
        };
        foreach (var loss in GgufExporter.Check(checkpoint.Config, checkpoint.Folder, checkpoint.Folder))
            run.Progress.Warn(loss);
        using (var task = run.Progress.Begin("export", 0, "bytes"))
            GgufExporter.Export(checkpoint.Folder, file, stored, new TaskProgress<GgufProgress>(task, written => written.BytesDone),
                clamp: _dtype.Clamp(run), cancellation: run.Cancellation);
        return new(file, "gguf", stored.Name(), new FileInfo(file).Length, checkpoint.TotalBytes);
    }

    private enum ExportType
    {
        F32,
        F16,
        Bf16,
        Q8,
        Hf,
    }

    private static void Show(Page page, ExportReport report)
    {
        page.Line(
            $"wrote {report.Output}: {report.Format} {report.Type}, {Units.Bytes(report.Bytes)} (the model: "
                + $"{Units.Bytes(report.SourceBytes)})");
        foreach (var (runtime, findings) in report.Runtimes ?? [])
            page.Line($"{runtime}: {(findings.Count == 0 ? "reads every shape as it is" : string.Join("; ", findings))}");
    }
}

/// <summary>What <c>export --json</c> prints.</summary>
/// <param name="Output">The file or folder that was written.</param>
/// <param name="Format">gguf or hf.</param>
/// <param name="Type">How matrices are stored: f32, f16, bf16, q8_0; for a folder float32, float16, bfloat16.</param>
/// <param name="Bytes">Bytes of the GGUF file, or of the folder's weights.</param>
/// <param name="SourceBytes">Bytes of the weights that were read.</param>
/// <param name="Runtimes">Of a folder: what other programs would read differently than it is.</param>
/// <param name="Seconds">Seconds of all of it.</param>
internal sealed record ExportReport(
    string Output, string Format, string Type, long Bytes, long SourceBytes, IReadOnlyList<RuntimeVerdict>? Runtimes = null,
    double Seconds = 0);
