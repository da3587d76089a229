using System.CommandLine;
using System.Diagnostics;
using System.Text;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Data;
using Espalier.Files;
using Espalier.Models.Generation;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Options;
using Espalier.Torch;

namespace Espalier.Cli.Commands;

/// <summary>Continues a text or token ids.</summary>
internal sealed class GenerateCommand : CommandBase
{
    private const int LongestPrompt = 1 << 20;

    private readonly ModelArgument _model = new();
    private readonly Argument<string> _text = new("text")
    {
        Description = "Text to continue, in quotes; the same as --prompt",
        HelpName = "PROMPT",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<string[]> _prompt = new("--prompt")
    {
        Description =
            "Text to continue; BOS stands before it as the tokenizer says. Given "
                + "several times, all are continued, each as if it were alone",
        HelpName = "TEXT",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly Option<string> _ids = new("--ids")
    {
        Description = "Token ids to continue instead: 1,2,3 or FILE.i32 or FILE.u16; no BOS is added, and EOS does not stop",
        HelpName = "IDS"
    };
    private readonly ValueOption<int> _maxTokens = new("--max-tokens", Kinds.Size(least: 0),
        "Tokens at most; the model's positions end it too", 128);
    private readonly Option<bool> _ignoreEos = new("--ignore-eos") { Description = "Continue past EOS, also with --prompt" };
    private readonly ValueOption<int> _batch = new("--batch", Kinds.Size(),
        "Prompts continued at once where there are several; changes no text", GeneratorBatch.Usual);
    private readonly WeightsOption _weights = new();
    private readonly SamplingInput _sampling = new();
    private readonly ThreadsOption _threads = new();

    internal GenerateCommand() : base(
        "generate",
        "Continue a text or token ids, greedily or by sampling",
        "espalier generate models/quickstart-teacher \"Once upon a time\" --max-tokens 60",
        "espalier generate models/quickstart-teacher --prompt \"The kernel\" --temperature 0.7 --top-p 0.9 --seed 3",
        "espalier generate models/quickstart-teacher --prompt Once --prompt \"The kernel\" --weights int8 --max-tokens 30",
        "espalier generate models/quickstart-teacher --ids 4080 --greedy --max-tokens 200 --json")
    {
        _model.AddTo(this);
        Arguments.Add(_text);
        foreach (var option in (Option[])[_prompt, _ids, _maxTokens])
            Options.Add(option);
        _sampling.AddTo(this);
        Options.Add(_ignoreEos);
        _weights.AddTo(this);
        Options.Add(_batch);
        _threads.AddTo(this);
    }

    protected override int Run(CommandRun run)
    {
        string[] prompts = [.. run.Get(_text) is { } text ? [text] : Array.Empty<string>(), .. run.Get(_prompt) ?? []];
        if (prompts.Length > 0 == run.Has(_ids))
            throw new EspalierException(run.Has(_ids) ? "text to continue and --ids were given: give one of them"
                : "nothing to continue was given: a text in quotes, --prompt TEXT or --ids 1,2,3");
        using var checkpoint = _model.OpenFinite(run);
        var options = _sampling.Read(run, checkpoint);
        // Ids need no tokenizer: without one there is no text to show.
        var tokenizer = prompts.Length > 0 || File.Exists(Path.Combine(checkpoint.Folder, "tokenizer.json"))
            ? Tokenizer.Load(checkpoint.Folder) : null;
        int[][] starts = prompts.Length > 0
            ? [.. prompts.Select(prompt => EncodePrompt(run, prompt, tokenizer!, checkpoint.Config.VocabularySize))]
            : [ReadIds(run.Get(_ids)!, checkpoint.Config.VocabularySize)];
        var stops = prompts.Length > 0 && !run.Get(_ignoreEos) ? StopIds.Of(checkpoint, tokenizer!) : null;

        _threads.Start(run);
        using var packed = _weights.Load(run, checkpoint);
        if (starts.Length > 1)
            return Several(run, packed, prompts, starts, options, tokenizer!, stops);
        var start = starts[0];
        Action<string> show = _ => { };
        if (!run.Json)
            show = piece => { run.Terminal.Output.Write(piece); run.Terminal.Output.Flush(); };
        var report =
            Generate(Generator.Continue(packed, start, run.Get(_maxTokens)!.Value, options, stops, run.Cancellation), tokenizer, stops,
                show);
        // Who reads the text has it already; the figures are no part of it.
        run.Write(
            report with
            {
                PromptTokens = start.Length,
                StoppedBy = StoppedBy(report.Ids, stops, run.Get(_maxTokens)!.Value),
                Weights = WeightsOption.NameOf(packed.Format)
            },
            (page, _) => page.Line());
        if (!run.Json)
            run.Progress.Note(
                $"{Units.Counted(report.Ids.Count, "token")}"
                    + $"{(report.TokensPerSecond is { } rate ? $", {Units.Short(rate)} tokens/s" : "")}");
        return ExitCodes.Done;
    }

    // Many prompts at once: nothing streams, for their texts grow side by side.
    private int Several(CommandRun run, PackedWeights packed, string[] prompts, int[][] starts, SamplingOptions options,
        Tokenizer tokenizer, IReadOnlySet<int>? stops)
    {
        var started = Stopwatch.GetTimestamp();
        var most = run.Get(_maxTokens)!.Value;
        var made = GeneratorBatch.Continue(
            packed, starts, most, prompt => options with { Seed = options.Seed + prompt }, stops, run.Get(_batch)!.Value,
            stop: run.Cancellation);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        var report = new GenerationsReport
        {
            Continuations =
            [
                .. made.Select((ids, i) => new ContinuationReport(
                    Prompt: prompts[i],
                    Ids: ids,
                    Text: tokenizer.Decode([.. ids], skipSpecialTokens: true),
                    PromptTokens: starts[i].Length,
                    StoppedBy: StoppedBy(ids, stops, most))),
            ],
            Seconds = seconds,
            TokensPerSecond = made.Sum(ids => ids.Count) / seconds,
            Weights = WeightsOption.NameOf(packed.Format),
        };
        run.Write(report, (page, shown) =>
        {
            foreach (var one in shown.Continuations)
            {
                page.Line(one.Prompt + one.Text);
                page.Line();
            }
        });
        if (!run.Json)
            run.Progress.Note(
                $"{Units.Counted(starts.Length, "prompt")}, {Units.Counted(made.Sum(ids => ids.Count), "token")}, "
                    + $"{Units.Short(report.TokensPerSecond)} tokens/s");
        return ExitCodes.Done;
    }

    private static int[] EncodePrompt(CommandRun run, string text, Tokenizer tokenizer, int vocabulary)
    {
        var start = tokenizer.Encode(text);
        tokenizer.RequireRows(start, vocabulary, "--prompt");
        if (tokenizer.DoublesBos(start))
            run.Progress.Warn(
                "--prompt begins with the tokenizer's own BOS, and another one is put "
                    + "before it, as transformers does: leave it out if one is meant");
        if (tokenizer.Model.AddsEos)
            run.Progress.Warn(
                "the tokenizer puts EOS after every text, the prompt too, as transformers does: what follows begins a new text");
        return start;
    }

    private static int[] ReadIds(string spec, int vocabulary)
    {
        var tokens = TokenIds.Parse(spec, vocabulary);
        using var file = tokens as IDisposable;
        if (tokens.Count > LongestPrompt)
            throw new EspalierException($"--ids {spec}: {tokens.Count} ids are no prompt; give at most {LongestPrompt}");
        var ids = new int[tokens.Count];
        tokens.Read(0, ids);
        return ids;
    }

    private static GenerationReport Generate(IEnumerable<int> next, Tokenizer? tokenizer, IReadOnlySet<int>? stops, Action<string> show)
    {
        var (made, text) = (new List<int>(), new StringBuilder());
        var stream = tokenizer?.CreateDecodeStream(skipSpecialTokens: true);
        var (started, first) = (Stopwatch.GetTimestamp(), 0L);
        foreach (var id in next)
        {
            if (made.Count == 0)
                first = Stopwatch.GetTimestamp();
            made.Add(id);
            Say(stream is null ? $"{(made.Count > 1 ? "," : "")}{id}" : stops?.Contains(id) == true ? "" : stream.Append(id));
        }
        var ended = Stopwatch.GetTimestamp();
        Say(stream?.Finish() ?? "");
        return new()
        {
            Ids = made,
            Text = stream is null ? null : text.ToString(),
            PromptSeconds = made.Count == 0 ? null : Stopwatch.GetElapsedTime(started, first).TotalSeconds,
            TokensPerSecond = made.Count < 2 ? null : (made.Count - 1) / Stopwatch.GetElapsedTime(first, ended).TotalSeconds,
        };

        void Say(string piece)
        {
            text.Append(piece);
            show(piece);
        }
    }

    private static string StoppedBy(IReadOnlyList<int> ids, IReadOnlySet<int>? stops, int maxTokens) =>
        ids.Count > 0 && stops?.Contains(ids[^1]) == true ? "eos" : ids.Count == maxTokens ? "max-tokens" : "positions";
}

/// <summary>What <c>generate --json</c> prints.</summary>
internal sealed record GenerationReport
{
    /// <summary>The new ids, without the prompt; an EOS that ended them is the last.</summary>
    public required IReadOnlyList<int> Ids { get; init; }

    /// <summary>Their text, without special tokens; absent where the model has no tokenizer.</summary>
    public string? Text { get; init; }

    /// <summary>Ids of the prompt, BOS included.</summary>
    public int PromptTokens { get; init; }

    /// <summary>eos, max-tokens, or positions (the model's are used up).</summary>
    public string StoppedBy { get; init; } = "";

    /// <summary>Seconds until the first new id; absent where there is none.</summary>
    public double? PromptSeconds { get; init; }

    /// <summary>float32, bf16 or int8: what the matrices were kept in.</summary>
    public string Weights { get; init; } = "";

    /// <summary>New ids a second, from the second one on; absent where there are fewer than two.</summary>
    public double? TokensPerSecond { get; init; }
}

/// <summary>What <c>generate --json</c> prints of several prompts.</summary>
internal sealed record GenerationsReport
{
    /// <summary>One a prompt, in their order.</summary>
    public required IReadOnlyList<ContinuationReport> Continuations { get; init; }

    /// <summary>Seconds for all of them, prompts included.</summary>
    public double Seconds { get; init; }

    /// <summary>New ids of all prompts a second.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>float32, bf16 or int8: what the matrices were kept in.</summary>
    public string Weights { get; init; } = "";
}

/// <summary>What follows one of several prompts.</summary>
/// <param name="Prompt">The text that was continued.</param>
/// <param name="Ids">The new ids; an EOS that ended them is the last.</param>
/// <param name="Text">Their text, without special tokens.</param>
/// <param name="PromptTokens">Ids of the prompt, BOS included.</param>
/// <param name="StoppedBy">eos, max-tokens, or positions (the model's are used up).</param>
internal sealed record ContinuationReport(string Prompt, IReadOnlyList<int> Ids, string Text, int PromptTokens, string StoppedBy);
