using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Elements;
using Espalier.Models.Checkpoints.Quantized;
using Espalier.Models.Gguf.Import;
using Espalier.Models.Tokenizers;
using Espalier.Models.Tokenizers.Formats;

namespace Espalier.Cli.Commands.Folders;

/// <summary>
/// A GGUF file, or a folder of quantised weights, as a Hugging Face folder of plain weights, which every other command reads.
/// </summary>
internal sealed class ImportCommand : CommandBase
{
    private readonly Argument<string> _source = new("source")
    {
        Description =
            "A GGUF file, or a Hugging Face folder with quantised weights (GPTQ, AWQ, FP8, MXFP4, NVFP4, bitsandbytes, "
            + "compressed-tensors)",
        HelpName = "FILE or FOLDER",
    };
    private readonly OutputOption _output = new("--output", "The folder to write", "FOLDER", required: true);
    private readonly DtypeOption _dtype = new(
        "the smallest that keeps every weight as it is: float32 for quantised weights, bfloat16 for MXFP4 among bfloat16");

    internal ImportCommand() : base(
        "import",
        "Convert a GGUF file, or a folder with quantised weights, into a Hugging Face folder of plain weights",
        "espalier import teacher-q8_0.gguf --output imported",
        "espalier import teacher-q8_0.gguf --output imported-bf16 --dtype bf16 --json") =>
        Takes([_source, _output, .. _dtype.Options]);

    protected override int Run(CommandRun run)
    {
        var source = run.Get(_source)!;
        using IModelImporter importer = Directory.Exists(source) ? QuantizedImporter.Open(source) : GgufImporter.Open(source);
        var folder = _output.NewFolder(run, [new("the source", source)]);
        var stored = _dtype.Read(run, importer.ExactType);
        var narrowing = new Narrowing(_dtype.Clamp(run));
        using (var task = run.Progress.Begin("import", importer.Config.Parameters * stored.Bytes(), "bytes"))
            importer.Write(folder, stored, new() { Narrowing = narrowing, Progress = bytes => task.Advance(bytes) }, run.Cancellation);
        if (narrowing.Warning is { } warning)
            run.Progress.Warn(warning);

        // What was written is read as any other model is.
        using var written = Checkpoint.Open(folder).WithNotes(run);
        var tokenizer = TokenizerSource.IsIn(folder) ? Tokenizer.Load(folder) : null;
        run.Write(new ImportReport(folder, importer.Form, written.Config.Family, written.StoredType.ConfigName(),
            importer.ExactType.ConfigName(), importer.Types.ToDictionary(static one => one.Type, static one => one.Tensors),
            written.Config.Parameters, written.TotalBytes, tokenizer?.VocabularySize), Show);
        return ExitCodes.Done;
    }

    private static void Show(Page page, ImportReport report)
    {
        page.Table(TextTable.OfFacts([
            ("form", report.Form),
            ("family", report.Family),
            ("was stored as", string.Join(", ", report.Types.Select(static type => $"{type.Key} ({type.Value})"))),
            ("is stored as", report.Dtype == report.ExactDtype ? $"{report.Dtype}, which keeps every weight" : report.Dtype),
            ("tokens", report.Tokens is { } tokens ? Units.Count(tokens) : "no tokenizer.json"),
        ]));
        page.Line($"wrote {report.Output}: {Units.Count(report.Parameters)} parameters, {Units.Bytes(report.Bytes)}");
    }
}

/// <summary>What <c>import --json</c> prints.</summary>
/// <param name="Output">The folder that was written.</param>
/// <param name="Form">What it was stored in: llama.cpp's name of the architecture, or the way to quantise.</param>
/// <param name="Family">The family that it was read as: <c>model_type</c>.</param>
/// <param name="Dtype">Element type that the weights are stored in.</param>
/// <param name="ExactDtype">The smallest one that keeps every weight as the file has it.</param>
/// <param name="Types">How many tensors the file stores in which type.</param>
/// <param name="Parameters">All parameters; a tied table counts once.</param>
/// <param name="Bytes">Bytes of the weights as they are stored now.</param>
/// <param name="Tokens">Tokens of the tokenizer; null where the folder has no tokenizer.json.</param>
internal sealed record ImportReport(
    string Output, string Form, string Family, string Dtype, string ExactDtype, IReadOnlyDictionary<string, int> Types,
    long Parameters, long Bytes, int? Tokens);
