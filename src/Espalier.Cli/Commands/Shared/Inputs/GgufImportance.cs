using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Importance;
using Espalier.Models.Checkpoints;
using Espalier.Models.Gguf;
using Espalier.Models.Gguf.Export;
using Espalier.Models.Gguf.Import;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Cli.Commands.Shared.Inputs;

/// <summary>
/// GGUF files of a model beside one another: their sizes, the error of their weights, and the loss of a text under them. The text may also
/// say which errors cost most; then its first windows do, and the loss is that of the others.
/// </summary>
internal sealed class GgufImportance
{
    private readonly FlagOption _imatrix = new("--imatrix",
        "Weight quantisation errors by the mean square of each column's inputs, over the first --samples windows of the text");

    private readonly ValueOption<int> _samples = new("--samples", Kinds.Size(), "Windows of the text that --imatrix reads", 128);

    private readonly ValueOption<int> _windows = new("--windows", Kinds.Size(),
        "Windows of the text on which the loss is measured; by default all the others");

    private readonly WindowsInput _cut = new("window", 512);

    internal IEnumerable<Option> Options => [_imatrix, _samples, _windows, .. _cut.Options];

    /// <summary>Refuses options that need a text where there is none, and text that nothing would read.</summary>
    internal void Check(CommandRun run, TokenInput input, bool isHf)
    {
        if (isHf && (input.IsGiven(run) || run.Get(_imatrix)))
            throw new EspalierException("text, --ids and --imatrix are for GGUF files, but this writes a folder: leave them out");
        if (run.Get(_imatrix) && !input.IsGiven(run))
            throw new EspalierException("--imatrix reads text: give text after the model, or ids with --ids");
        if (run.Has(_samples) && !run.Get(_imatrix))
            throw new EspalierException("--samples is for --imatrix, which was not given");
        if (!input.IsGiven(run) && _cut.Options.Append(_windows).FirstOrDefault(run.Has) is { } option)
            throw new EspalierException($"{option.Name} needs a text, but none was given");
    }

    /// <summary>Writes the files, and measures them.</summary>
    /// <param name="run">The command's values.</param>
    /// <param name="checkpoint">The model.</param>
    /// <param name="input">Text or ids, or neither.</param>
    /// <param name="files">What to write.</param>
    /// <param name="clamp">Whether weights beyond a type's range become its largest number.</param>
    internal FormatTable Export(CommandRun run, Checkpoint checkpoint, TokenInput input,
        IReadOnlyList<(GgufFormat Format, string File)> files,
        bool clamp)
    {
        foreach (var lost in GgufExporter.Check(checkpoint.Config, checkpoint.Folder, checkpoint.Folder, files.Select(file => file.Format)))
            run.Progress.Warn(lost);
        using var text = input.IsGiven(run) ? input.Open(run, checkpoint) : null;
        var (importance, windows, loss) = Read(run, checkpoint, text);

        var rows = new List<FormatRow>();
        foreach (var (format, file) in files)
        {
            IReadOnlyList<GgufTensorError> errors;
            using (var task = run.Progress.Begin($"export {format.Name()}", 0, "bytes"))
                errors = GgufExporter.Export(checkpoint.Folder, file, format,
                    new TaskProgress<GgufProgress>(task, written => written.BytesDone), clamp: clamp, importance: importance,
                    cancellation: run.Cancellation);
            var own = windows is null ? null : Loss(run, checkpoint.Config, file, windows);
            rows.Add(
                new(file, format.Name(), new FileInfo(file).Length, 8.0 * errors.Sum(one => one.Bytes) / errors.Sum(one => one.Elements),
                Overall(errors), own?.Nll, own is null ? null : PairedDifference.Of(own.WindowNll, loss!.WindowNll).StandardError,
                [.. errors.Select(one => new ExportedTensor(one.Tensor, one.Type.Name(), one.Elements, one.Bytes, one.Error))]));
        }

        return new(checkpoint.Folder, text?.Name, importance is not null, windows is null ? null : Measured(run, windows), loss?.Nll,
            checkpoint.TotalBytes, rows);
    }

    internal static void Show(Page page, FormatTable report)
    {
        var table = new TextTable("file", "type", ">size", ">bits/weight", ">error", ">NLL", ">above the model");
        foreach (var row in report.Files)
            table.Add(row.Output, row.Type, Units.Bytes(row.Bytes), Text(row.BitsPerWeight, "0.00"), Percent(row.Error),
                row.Nll is { } nll ? Text(nll, "0.0000") : "-", row.Nll - report.Nll is { } more ? Text(more, "+0.0000;-0.0000;0.0000")
                    + (row.AboveSe is { } error ? $" ± {Text(error, "0.0000")}" : "") : "-");
        page.Table(table);
        if (report.Nll is { } own)
            page.Line($"the model itself: {Text(own, "0.0000")} nats per token on {report.Windows} windows of {report.Data}"
                + (report.Imatrix ? "; errors were weighted by the windows before those" : ""));
    }

    internal static string Percent(double share) => Text(100 * share, "0.00") + " %";

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private static double Overall(IReadOnlyList<GgufTensorError> errors)
    {
        var measured = errors.Where(one => one.SquareSum > 0).ToArray();
        return measured.Length == 0 ? 0
            : Math.Sqrt(measured.Sum(one => one.Error * one.Error * one.SquareSum) / measured.Sum(one => one.SquareSum));
    }

    private (Func<Parameter, float[]?>? Importance, WindowSet? Windows, PerplexityResult? Loss) Read(
        CommandRun run, Checkpoint checkpoint, TokenSource? text)
    {
        if (text is null)
            return default;
        checkpoint.CheckFinite(run.Cancellation);
        var sequence = _cut.Sequence(run, checkpoint.Config, text.Tokens.Count - 1);
        using var decoder = DecoderWeights.Load(checkpoint);
        Func<Parameter, float[]?>? importance = null;
        ITokens measured = text.Tokens;
        if (run.Get(_imatrix))
        {
            var samples = run.Get(_samples)!.Value;
            var calibration = new WindowSet(text.Tokens, sequence);
            ImportanceScorer.Check(calibration, samples);
            using var task = run.Progress.Begin("imatrix", samples, "windows");
            importance =
                InputSquares.Measure(decoder, null, calibration, samples, windows => task.Advance(windows), run.Cancellation).Costs;
            var used = samples * (sequence + 1L);
            measured = new TokenRange(text.Tokens, used, text.Tokens.Count - used);
            if (measured.Count <= sequence)
                throw new EspalierException(
                    $"--samples is {samples}, which leaves no window of {sequence} of the text's {text.Tokens.Count} tokens to measure "
                        + "the loss on: give fewer samples or more text");
        }

        var set = new WindowSet(measured, sequence, WindowStride.Contiguous);
        return (importance, set, PerplexityEvaluator.Run(decoder, set, Measured(run, set), _cut.Batch(run), run.Progress,
            stop: run.Cancellation));
    }

    private long Measured(CommandRun run, WindowSet set) => run.Get(_windows) ?? set.Count;

    private PerplexityResult Loss(CommandRun run, DecoderConfig config, string file, WindowSet windows)
    {
        using var gguf = GgufFile.Open(file);
        using var decoder = GgufDecoder.Load(gguf, config);
        var loss = PerplexityEvaluator.Run(
            decoder, windows, Measured(run, windows), _cut.Batch(run), run.Progress, stop: run.Cancellation);
        return double.IsFinite(loss.Nll) ? loss
            : throw new EspalierException($"{file}: the mean NLL is {loss.Nll}: its activations overflow on this text") { ExitCode = 1 };
    }
}

/// <summary>What <c>export --formats --json</c> prints.</summary>
/// <param name="Model">The model's folder.</param>
/// <param name="Data">The text, where one was given.</param>
/// <param name="Imatrix">Whether errors were weighed by the first windows of it.</param>
/// <param name="Windows">Windows whose loss was measured.</param>
/// <param name="Nll">Mean NLL of the model itself on them, nats per token.</param>
/// <param name="SourceBytes">Bytes of the weights that were read.</param>
/// <param name="Files">The files.</param>
/// <param name="Seconds">Seconds of all of it.</param>
internal sealed record FormatTable(string Model, string? Data, bool Imatrix, long? Windows, double? Nll, long SourceBytes,
    IReadOnlyList<FormatRow> Files, double Seconds = 0);

/// <summary>A GGUF file.</summary>
/// <param name="Output">The file.</param>
/// <param name="Type">Its format.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="BitsPerWeight">Bits of the tensors over their weights.</param>
/// <param name="Error">Root of the mean squared error of all weights over that of their mean square.</param>
/// <param name="Nll">Mean NLL of the text under the file's weights, computed here in float32, nats per token.</param>
/// <param name="AboveSe">Standard error of that less the model's own, over the same windows; null of one window.</param>
/// <param name="Tensors">Each tensor.</param>
internal sealed record FormatRow(string Output, string Type, long Bytes, double BitsPerWeight, double Error, double? Nll, double? AboveSe,
    IReadOnlyList<ExportedTensor> Tensors);

/// <summary>A tensor of a GGUF file.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">How it is stored.</param>
/// <param name="Elements">Its weights.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="Error">Root of the mean squared error over that of the mean square of the weights.</param>
internal sealed record ExportedTensor(string Name, string Type, long Elements, long Bytes, double Error);
