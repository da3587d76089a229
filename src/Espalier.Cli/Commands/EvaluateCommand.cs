using System.CommandLine;
using Espalier.Cli.Commands.Shared;
using Espalier.Compression.Data;
using Espalier.Compression.Evaluation;
using Espalier.Files;
using Espalier.Models;
using Espalier.Models.Checkpoints;

namespace Espalier.Cli.Commands;

/// <summary>Mean negative log-likelihood, perplexity and bits per byte of a text under a model.</summary>
internal sealed class EvaluateCommand : CommandBase
{
    private const int LongestDefault = 1024;

    private readonly ModelArgument model = new();
    private readonly TokenInput input = new();
    private readonly CountOption seq = new CountOption("--sequence", "Tokens of a window; by default the model's positions, at most 1024").Or("--seq");
    private readonly CountOption windows = new("--windows", "Only the first N windows; by default all");
    private readonly CountOption batch = new("--batch", "Windows of one forward pass; changes nothing but speed and memory", 8, most: 1024);
    private readonly OutputOption perToken = new("--per-token", "Write one JSON line a window: its number, its ids and the NLL of each target", "FILE.jsonl");
    private readonly FormatInput format = new();
    private readonly ThreadsOption threads = new();

    internal EvaluateCommand() : base(
        "evaluate",
        "Measure mean NLL (nats a token, with standard error), perplexity and bits per byte of a text or of token ids",
        "espalier evaluate models/quickstart-teacher models/quickstart-teacher/self-written.jsonl --windows 64",
        "espalier evaluate models/quickstart-teacher --ids tests/golden/quickstart-teacher/self-written.ids.i32 --sequence 256 --windows 16 --json")
    {
        model.AddTo(this);
        input.AddTo(this);
        foreach (var option in (Option[])[seq, windows, batch, perToken])
            Options.Add(option);
        format.AddTo(this);
        threads.AddTo(this);
    }

    protected override int Run(CommandRun run)
    {
        format.Check(run);
        var lines = perToken.File(run, OutputKind.PerToken, [model.Place(run), .. input.Places(run)]);
        using var checkpoint = model.OpenFinite(run);
        using var source = input.Open(run, checkpoint);
        var length = SequenceLength(run, checkpoint.Config, source.Tokens);
        var set = new WindowSet(source.Tokens, length, WindowStride.Contiguous);

        threads.Start(run);
        using var decoder = DecoderWeights.Load(checkpoint);
        var result = lines is null ? Measure(run, decoder, set, null) : MeasureIntoFile(run, decoder, set, lines);

        var bytes = source.BytesOfTargets(result.Tokens);
        format.Write(
            run,
            new EvaluationReport
            {
                Model = checkpoint.Folder,
                Data = source.Name,
                Nll = result.Nll,
                NllSe = result.NllStandardError,
                Perplexity = result.Perplexity,
                BitsPerByte = bytes > 0 ? result.Nll * result.Tokens / Math.Log(2) / bytes : null,
                Tokens = result.Tokens,
                Bytes = bytes,
                Seq = length,
                Windows = result.WindowNll.Count,
                Seconds = result.Seconds,
                TokensPerSecond = result.Tokens / result.Seconds,
                PerToken = lines,
            },
            EvaluatePage.Show,
            EvaluatePage.Csv);
        return ExitCodes.Done;
    }

    private int SequenceLength(CommandRun run, DecoderConfig config, ITokens tokens)
    {
        if (run.Get(seq) is not { } asked)
            return (int)Math.Max(1, Math.Min(Math.Min(LongestDefault, config.MaxPositions), tokens.Count - 1));
        return asked <= config.MaxPositions
            ? asked
            : throw new EspalierException($"--sequence is {asked} and the model has {config.MaxPositions} positions (max_position_embeddings): give at most that");
    }

    private PerplexityResult Measure(CommandRun run, Decoder decoder, WindowSet set, Action<long, long[], float[]>? perWindow)
    {
        var result = PerplexityEvaluator.Run(decoder, set, run.Get(windows), run.Get(batch)!.Value, run.Progress, perWindow, run.Cancellation);
        return double.IsFinite(result.Nll)
            ? result
            : throw new EspalierException($"the mean NLL is {result.Nll}: the model's activations overflow on this text") { ExitCode = ExitCodes.Failed };
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
}
