using System.CommandLine;
using Espalier.Cli.Commands.Shared.Inputs;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Training.Speeds;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands.Evaluating;

/// <summary>Mean negative log-likelihood, perplexity and bits per byte of a text under a model.</summary>
internal sealed class EvaluateCommand : CommandBase
{
    private const int LongestDefault = 1024;

    private readonly ModelArgument _model = new();
    private readonly TokenInput _input = new();
    private readonly WindowsInput _cut = new("window", LongestDefault);
    private readonly ValueOption<int> _windows = new("--windows", Kinds.Size(), "Only the first N windows; by default all");
    private readonly ValueOption<ComputeChoice> _compute = new("--compute", Kinds.Choice(ComputeChoices.Names),
        "Type in which products with weights are computed for the loss on a text; auto is bfloat16 if the processor has units for it",
        ComputeChoice.Float32);
    private readonly OutputOption _perToken = new("--per-token",
        "Write one JSON line per window: its number, its ids and the NLL of each target", "FILE.jsonl");
    private readonly TaskEvaluation _tasks = new();
    private readonly FormatOption _format = new();
    private readonly MachineOptions _machine = new();

    internal EvaluateCommand() : base(
        "evaluate",
        "Measure mean NLL (nats per token, with standard error), perplexity and bits per byte on a text or token ids; or, with --tasks, "
            + "run benchmarks",
        "espalier evaluate models/quickstart-teacher models/quickstart-teacher/self-written.jsonl --windows 64",
        "espalier evaluate models/quickstart-teacher --ids "
            + "tests/golden/quickstart-teacher/self-written.ids.i32 --sequence 256 --windows 16 --json",
        "espalier evaluate models/quickstart-teacher --tasks tasks/endings/endings.yaml",
        "espalier evaluate models/quickstart-teacher --tasks tasks/endings/endings.yaml --limit 40 "
            + "--contamination models/quickstart-teacher/self-written.jsonl") =>
        Takes([_model, .. _input.Symbols, _windows, .. _cut.Options, _compute, _perToken, .. _tasks.Options, _format, .. _machine.Options]);

    protected override int Run(CommandRun run)
    {
        _format.Check(run);
        if (_tasks.IsGiven(run))
            return Tasks(run);
        var lines = _perToken.File(run, OutputKind.PerToken, [_model.Place(run), .. _input.Places(run)]);
        using var checkpoint = _model.OpenFinite(run);
        using var source = _input.Open(run, checkpoint);
        var length = _cut.Sequence(run, checkpoint.Config, source.Tokens.Count - 1);
        var set = new WindowSet(source.Tokens, length, WindowStride.Contiguous);

        _machine.Start(run);
        using var decoder = DecoderWeights.Load(checkpoint);
        var result = lines is null ? Measure(run, decoder, set, null) : MeasureIntoFile(run, decoder, set, lines);

        var bytes = source.BytesOfTargets(result.Tokens);
        _format.Write(
            run,
            new EvaluationReport(
                Model: checkpoint.Folder,
                Data: source.Name,
                Nll: result.Nll,
                NllSe: result.NllStandardError,
                Perplexity: result.Perplexity,
                BitsPerByte: bytes > 0 ? result.Nll * result.Tokens / Math.Log(2) / bytes : null,
                Tokens: result.Tokens,
                Bytes: bytes,
                Seq: length,
                Windows: result.WindowNll.Count,
                Seconds: result.Seconds,
                TokensPerSecond: result.Tokens / result.Seconds,
                PerToken: lines),
            Show,
            Csv);
        return ExitCodes.Done;
    }

    // Every word is a model.
    private int Tasks(CommandRun run)
    {
        foreach (var option in Options.Where(option => option.Name is "--ids" or "--field" or "--sequence" or "--batch" or "--windows"
            or "--compute" or "--per-token"))
            if (run.Has(option))
                throw new EspalierException(
                    $"{option.Name} is for the loss on a text, but --tasks runs benchmarks: give one of them");
        return _tasks.Run(run, [_model.Folder(run), .. _input.Words(run)], _format, () => _machine.Start(run));
    }

    private PerplexityResult Measure(CommandRun run, Decoder decoder, WindowSet set, Action<long, long[], float[]>? perWindow)
    {
        PerplexityResult result;
        try
        {
            result = PerplexityEvaluator.Run(decoder, set, run.Get(_windows), _cut.Batch(run), run.Progress, perWindow,
                run.Get(_compute)!.Value.Here(), run.Cancellation);
        }
        catch (OperationCanceledException)
        {
            run.Progress.Note("none of this work is kept: the same command starts over; --windows N uses only the first N");
            throw;
        }
        return double.IsFinite(result.Nll)
            ? result
            : throw new EspalierException($"the mean NLL is {result.Nll}: the model's activations overflow on this text")
            { ExitCode = ExitCodes.Failed };
    }

    private PerplexityResult MeasureIntoFile(CommandRun run, Decoder decoder, WindowSet set, string file)
    {
        PerplexityResult? result = null;
        DurableOutput.WriteFile(file, 0, stream =>
        {
            // Not disposed: that would close the file under the writer, which flushes and renames it.
            var buffered = new BufferedStream(stream, 1 << 16);
            result = Measure(run, decoder, set, (window, ids, nll) => PerTokenLine.Write(buffered, window, ids, nll));
            buffered.Flush();
        });
        return result!;
    }

    private static void Show(Page page, EvaluationReport report)
    {
        page.Heading($"{report.Model} on {report.Data}");
        page.Table(TextTable.OfFacts([
            ("NLL", $"{LossText.WithError(report.Nll, report.NllSe)} nats per token"),
            ("perplexity", string.Create(CultureInfo.InvariantCulture, $"{report.Perplexity:0.000}")),
            .. report.BitsPerByte is { } bits ? [("bits per byte", string.Create(CultureInfo.InvariantCulture, $"{bits:0.0000}"))]
                : Array.Empty<(string, string)>(),
            ("tokens", string.Create(CultureInfo.InvariantCulture, $"{report.Tokens}, {report.Windows} windows of {report.Seq}")),
            ("speed", $"{Units.Count(report.TokensPerSecond)} tokens/s"),
            .. report.PerToken is { } file ? [("per token", file)] : Array.Empty<(string, string)>(),
        ]));
    }

    /// <summary>One row.</summary>
    private static CsvTable Csv(EvaluationReport report)
    {
        var table = new CsvTable("model", "data", "nll", "nll_se", "perplexity", "bits_per_byte", "tokens", "bytes", "seq", "windows",
            "seconds", "tokens_per_second");
        table.Add(
            report.Model, report.Data, report.Nll, report.NllSe, report.Perplexity, report.BitsPerByte, report.Tokens, report.Bytes,
            report.Seq, report.Windows, report.Seconds, report.TokensPerSecond);
        return table;
    }
}

/// <summary>What <c>evaluate --json</c> prints.</summary>
/// <param name="Model">The model's folder.</param>
/// <param name="Data">The text or ids, as the user named them.</param>
/// <param name="Nll">Mean negative log-likelihood, nats per token.</param>
/// <param name="NllSe">Its standard error, windows taken as the independent samples; 0 with one window.</param>
/// <param name="Perplexity">e^nll.</param>
/// <param name="BitsPerByte">nll · tokens / ln 2 / bytes; text only.</param>
/// <param name="Tokens">Tokens predicted: seq · windows.</param>
/// <param name="Bytes">UTF-8 bytes of the text that these tokens stand for; text only.</param>
/// <param name="Seq">Tokens of a window.</param>
/// <param name="Windows">Windows scored.</param>
/// <param name="Seconds">Seconds of the pass, without loading.</param>
/// <param name="TokensPerSecond">tokens / seconds.</param>
/// <param name="PerToken">The file of <c>--per-token</c>, where it was asked for.</param>
internal sealed record EvaluationReport(
    string Model, string Data, double Nll, double NllSe, double Perplexity, double? BitsPerByte, long Tokens, long? Bytes, int Seq,
    long Windows, double Seconds, double TokensPerSecond, string? PerToken = null);

/// <summary>
/// A line of <c>evaluate --per-token</c>: <c>{"window":w,"ids":[seq + 1 ids],"nll":[seq values]}</c>; nll[i] is that of ids[i + 1].
/// </summary>
internal static class PerTokenLine
{
    internal static void Write(Stream stream, long window, long[] ids, float[] nll)
    {
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("window", window);
            json.WriteStartArray("ids");
            foreach (var id in ids)
                json.WriteNumberValue(id);
            json.WriteEndArray();
            json.WriteStartArray("nll");
            foreach (var value in nll)
            {
                // JSON has no NaN: the run ends with an error then, and the file is not kept.
                if (float.IsFinite(value))
                    json.WriteNumberValue(value);
                else
                    json.WriteNullValue();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
    }
}
