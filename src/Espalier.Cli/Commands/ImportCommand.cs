using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Files;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Gguf;
using Espalier.Models.Gguf.Import;
using Espalier.Models.Tokenizers;

namespace Espalier.Cli.Commands;

/// <summary>A GGUF file as a Hugging Face folder, which every other command reads.</summary>
internal sealed class ImportCommand : CommandBase
{
    private readonly Argument<string> _file = new("file") { Description = "The GGUF file", HelpName = "FILE" };
    private readonly OutputOption _output = new("--output", "The folder to write", "FOLDER", required: true);
    private readonly DtypeOption _dtype = new();

    internal ImportCommand() : base(
        "import",
        "Make a Hugging Face folder of a GGUF file: weights dequantised, tokenizer and chat template included",
        "espalier import teacher-q8_0.gguf --output imported",
        "espalier import teacher-q8_0.gguf --output imported-bf16 --dtype bf16 --json")
    {
        Arguments.Add(_file);
        Options.Add(_output);
        _dtype.AddTo(this);
    }

    protected override int Run(CommandRun run)
    {
        var file = run.Get(_file)!;
        using var importer = GgufImporter.Open(file);
        var folder = _output.NewFolder(run, [new("the file", file)]);
        var stored = _dtype.Read(run, importer.ExactType);
        var narrowing = new Narrowing(_dtype.Clamp(run));
        using (var task = run.Progress.Begin("import", importer.Config.Parameters * stored.Bytes(), "bytes"))
            importer.Write(folder, stored, new() { Narrowing = narrowing, Progress = bytes => task.Advance(bytes) }, run.Cancellation);
        if (narrowing.Warning is { } warning)
            run.Progress.Warn(warning);

        // What was written is read as any other model is.
        using var written = Checkpoint.Open(folder).WithNotes(run);
        var tokenizer = Tokenizer.Load(folder);
        run.Write(new ImportReport(folder, importer.Architecture, written.Config.Family, written.StoredType.ConfigName(),
            importer.ExactType.ConfigName(), importer.Types.ToDictionary(static one => one.Type.Name(), static one => one.Tensors),
            written.Config.Parameters, written.TotalBytes, tokenizer.VocabularySize), Show);
        return ExitCodes.Done;
    }

    private static void Show(Page page, ImportReport report)
    {
        page.Table(TextTable.OfFacts([
            ("architecture", report.Architecture),
            ("read as", report.Family),
            ("was stored as", string.Join(", ", report.Types.Select(static type => $"{type.Key} ({type.Value})"))),
            ("is stored as", report.Dtype == report.ExactDtype ? $"{report.Dtype}, which keeps every weight" : report.Dtype),
            ("tokens", Units.Count(report.Tokens)),
        ]));
        page.Line($"wrote {report.Output}: {Units.Count(report.Parameters)} parameters, {Units.Bytes(report.Bytes)}");
    }
}

/// <summary>What <c>import --json</c> prints.</summary>
/// <param name="Output">The folder that was written.</param>
/// <param name="Architecture">llama.cpp's name of the architecture.</param>
/// <param name="Family">The family that it was read as: <c>model_type</c>.</param>
/// <param name="Dtype">Element type that the weights are stored in.</param>
/// <param name="ExactDtype">The smallest one that keeps every weight as the file has it.</param>
/// <param name="Types">How many tensors the file stores in which type.</param>
/// <param name="Parameters">All parameters; a tied table counts once.</param>
/// <param name="Bytes">Bytes of the weights as they are stored now.</param>
/// <param name="Tokens">Tokens of the tokenizer.</param>
internal sealed record ImportReport(
    string Output, string Architecture, string Family, string Dtype, string ExactDtype, IReadOnlyDictionary<string, int> Types,
    long Parameters, long Bytes, int Tokens);
