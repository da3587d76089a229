using System.CommandLine;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Espalier.Cli.Commands.Shared.Inputs;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Elements;
using Espalier.Models.Gguf.Export;
using Espalier.Models.Runtimes;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Cards;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages.Export;

namespace Espalier.Cli.Commands.Folders;

/// <summary>Writes a model as GGUF, or as a Hugging Face folder of another element type.</summary>
internal sealed class ExportCommand : CommandBase
{
    private const string Ending = ".gguf";

    // What the world calls types of GGUF files.
    private static readonly Regex s_type = new("^(?i:i?q[0-9]\\w*|b?f[0-9]{2}|fp[0-9]+|int[0-9]+)$", RegexOptions.NonBacktracking);

    private readonly ModelArgument _model = new();
    private readonly TokenInput _input = new();
    private readonly OutputOption _output = new("--output",
        "The GGUF file or the folder to write; with --formats the start of the file names", "FILE.gguf|FOLDER", required: true);
    // A recipe's words, and without "gguf-", for what goes into a file is said by its name already.
    private readonly ValueOption<ExportKind> _type = new ValueOption<ExportKind>("--type",
        Kinds.Choice<ExportKind>([.. Enum.GetValues<ExportKind>()
            .SelectMany(kind => new[] { (Short(kind), kind), (EnumName.Of(kind), kind) }).Distinct()])
            with
        { HelpName = string.Join('|', Enum.GetValues<ExportKind>().Select(Short)) },
        "How matrices are stored in GGUF, or hf for a folder; by default from the output's name (FOLDER, NAME-q8_0.gguf), and if that "
            + "names no type, exactly as the model stores them")
        .Or("--format");
    private readonly ValueOption<IReadOnlyList<GgufFormat>> _formats = new("--formats",
        Kinds.ParsedList<IReadOnlyList<GgufFormat>>("TYPE,TYPE", names => [.. names.Select(GgufFormats.Parse).Distinct()],
            formats => formats.Select(GgufFormats.Name), $"^(?i:{string.Join('|', GgufFormats.All.Select(GgufFormats.Name))})$"),
        "Write a GGUF file of each type, OUTPUT-TYPE.gguf, and compare them: size, error, and the loss on the text if one is given");
    private readonly GgufImportance _importance = new();
    private readonly DtypeOption _dtype = new();
    private readonly MachineOptions _machine = new();

    internal ExportCommand() : base(
        "export",
        "Write a model as GGUF for llama.cpp, or as a Hugging Face folder of another element type",
        "espalier export models/quickstart-teacher --output teacher-q8_0.gguf --type q8_0",
        "espalier export models/quickstart-teacher models/quickstart-teacher/self-written.jsonl --output teacher "
            + "--formats q8_0,q4_k_m --imatrix --samples 16 --windows 16",
        "espalier export models/quickstart-teacher --output teacher-f32 --type hf --dtype f32") =>
        Takes([_model, .. _input.Symbols, _output, _type, _formats, .. _importance.Options, .. _dtype.Options, .. _machine.Options]);

    protected override int Run(CommandRun run)
    {
        var place = run.Get(_output)!;
        var isFile = place.EndsWith(Ending, StringComparison.OrdinalIgnoreCase);
        var wanted = run.Get(_type) ?? (isFile || run.Has(_formats) ? null : ExportKind.Hf);
        if (wanted != ExportKind.Hf && _dtype.IsGiven(run))
            throw new EspalierException(
                $"--dtype is for folders (--type hf): for {place} choose --type "
                    + $"{string.Join(", ", GgufFormats.All.Select(GgufFormats.Name))}");
        if (wanted == ExportKind.Hf && isFile)
            throw new EspalierException($"--output {place}: --type hf writes a folder; give a name without {Ending}");
        if (run.Has(_formats) && run.Has(_type))
            throw new EspalierException("--formats and --type were both given: give one of them");
        _importance.Check(run, _input, isHf: wanted == ExportKind.Hf);

        var started = Stopwatch.GetTimestamp();
        using var checkpoint = _model.Open(run);
        if (wanted == ExportKind.Hf)
        {
            run.Write(WriteFolder(run, checkpoint) with { Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds }, Show);
            return ExitCodes.Done;
        }

        _machine.Start(run);
        var stem = isFile ? place[..^Ending.Length] : place;
        var files = run.Has(_formats) ? run.Get(_formats)!.Select(format => (format, $"{stem}-{format.Name()}{Ending}")).ToArray()
            : [(wanted is { } kind ? ExportStage.TypeOf(kind) : Named(stem, place) ?? Exact(checkpoint), place)];
        var table = _importance.Export(run, checkpoint, _input,
            [.. files.Select(file => (file.Item1, _output.File(run, file.Item2, OutputKind.Gguf, _model.Place(run))))], _dtype.Clamp(run))
            with
        { Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds };
        if (run.Has(_formats))
            run.Write(table, GgufImportance.Show);
        else
            run.Write(
                new ExportReport(table.Files[0].Output, "gguf", table.Files[0].Type, table.Files[0].Bytes, table.SourceBytes,
                    Seconds: table.Seconds)
                { Error = table.Files[0].Error, Nll = table.Files[0].Nll, Tensors = table.Files[0].Tensors }, Show);
        return ExitCodes.Done;
    }

    // The type that a name ends with, as the names of --formats and of recipes do; what looks like a type and is none is no name.
    private static GgufFormat? Named(string stem, string place)
    {
        var end = stem[(stem.LastIndexOfAny(['-', '.']) + 1)..];
        var names = GgufFormats.All.Select(GgufFormats.Name).ToArray();
        if (end.Length == stem.Length || !s_type.IsMatch(end))
            return null;
        return Array.FindIndex(names, name => name.Equals(end, StringComparison.OrdinalIgnoreCase)) is >= 0 and var at ? GgufFormats.All[at]
            : throw new EspalierException($"--output {place}: ends with a type that cannot be written.{NearestName.Hint(end, names)} "
                + $"Known: {string.Join(", ", names)}; give one with --type, or choose another name");
    }

    private static GgufFormat Exact(Checkpoint checkpoint) => checkpoint.StoredType switch
    {
        ElementType.BF16 => GgufFormat.BF16,
        ElementType.F16 => GgufFormat.F16,
        _ => GgufFormat.F32,
    };

    private ExportReport WriteFolder(CommandRun run, Checkpoint checkpoint)
    {
        var folder = _output.NewFolder(run, _model.Place(run));
        var stored = _dtype.Read(run, checkpoint);
        var narrowing = new Narrowing(_dtype.Clamp(run));
        checkpoint.CheckFinite(run.Cancellation);
        using (var task = run.Progress.Begin("export", checkpoint.Config.Parameters * stored.Bytes(), "bytes"))
            CheckpointWriter.Write(folder, checkpoint.Config, checkpoint, stored, checkpoint,
                new()
                {
                    Progress = written => task.Advance(written),
                    Narrowing = narrowing,
                    Readme = ExportCard.Text(checkpoint, stored),
                }, run.Cancellation);
        if (narrowing.Warning is { } warning)
            run.Progress.Warn($"{folder}: {warning}");
        if (ReloadCheck.Fits(checkpoint.Config))
            ReloadCheck.Require(checkpoint, folder, stored, _dtype.Clamp(run));
        else
            run.Progress.Warn(
                $"{folder} was not reloaded to compare its logits: that takes "
                    + $"{Units.Bytes(ReloadCheck.Bytes(checkpoint.Config))} of memory");
        if (Tokenizer.DisagreementIn(folder) is { } disagreement)
            run.Progress.Warn(disagreement);
        using var written = Checkpoint.Open(folder);
        return new(folder, "hf", stored.ConfigName(), written.TotalBytes, checkpoint.TotalBytes,
            Preflight.Of(checkpoint.Family, checkpoint.Config, written.RawConfig));
    }

    private static string Short(ExportKind kind) => EnumName.Of(kind).Replace("gguf-", "", StringComparison.Ordinal);

    private static void Show(Page page, ExportReport report)
    {
        page.Line(
            $"wrote {report.Output}: {report.Format} {report.Type}, {Units.Bytes(report.Bytes)} (the model: "
                + $"{Units.Bytes(report.SourceBytes)})");
        if (report.Error is > 0 and { } error)
            page.Line($"error of the weights: {GgufImportance.Percent(error)}");
        if (report.Nll is { } nll)
            page.Line(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"NLL of the text: {nll:0.0000} nats per token"));
        foreach (var (runtime, findings) in report.Runtimes ?? [])
            page.Line($"{runtime}: {(findings.Count == 0 ? "reads every shape correctly" : string.Join("; ", findings))}");
    }
}

/// <summary>What <c>export --json</c> prints.</summary>
/// <param name="Output">The file or folder that was written.</param>
/// <param name="Format">gguf or hf.</param>
/// <param name="Type">How matrices are stored: f32, q4_k_m, ...; for a folder float32, float16, bfloat16.</param>
/// <param name="Bytes">Bytes of the GGUF file, or of the folder's weights.</param>
/// <param name="SourceBytes">Bytes of the weights that were read.</param>
/// <param name="Runtimes">Of a folder: what other programs would read differently than it is.</param>
/// <param name="Seconds">Seconds of all of it.</param>
internal sealed record ExportReport(
    string Output, string Format, string Type, long Bytes, long SourceBytes, IReadOnlyList<RuntimeVerdict>? Runtimes = null,
    double Seconds = 0)
{
    /// <summary>Of a GGUF file: root of the mean squared error of all weights over that of their mean square.</summary>
    public double? Error { get; init; }

    /// <summary>Of a GGUF file, where a text was given: mean NLL of it, nats per token.</summary>
    public double? Nll { get; init; }

    /// <summary>Of a GGUF file: each tensor, how it is stored and what that costs.</summary>
    public IReadOnlyList<ExportedTensor>? Tensors { get; init; }
}
