using System.CommandLine;
using System.Diagnostics;
using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Commands.Shared.Inputs;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Commands.Training;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Compression.Data.Tokens;
using Espalier.Models.Chat;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Generation.Sampling;
using Espalier.Models.Tokenizers;
using Espalier.Models.Tokenizers.Formats;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands.Answering;

/// <summary>Continues a text or token ids.</summary>
internal sealed class GenerateCommand : CommandBase
{
    private const int LongestPrompt = 1 << 20;

    private readonly ModelArgument _model = new();
    private readonly Argument<string> _text = new("prompt")
    {
        Description = "Text to continue, in quotes; the same as --prompt",
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<string[]> _prompt = new("--prompt")
    {
        Description =
            "Text to continue, with BOS before it if the tokenizer says so. May be given several times; each "
                + "text is continued on its own",
        HelpName = "TEXT",
        Arity = ArgumentArity.OneOrMore,
    };
    private readonly TextOption _ids = new("--ids",
        "Token ids to continue instead: 1,2,3 or FILE.i32 or FILE.u16; no BOS is added, and generation continues past EOS", "IDS");
    private readonly ValueOption<int> _maxTokens = new("--max-tokens", Kinds.Size(least: 0),
        "Maximum tokens; the model's positions are a limit too", 128);
    private readonly FlagOption _ignoreEos = new("--ignore-eos", "Continue past EOS, even with --prompt");
    private readonly FlagOption _chat = new("--chat", "Treat the text as a user message and answer it through the model's chat template");
    private readonly StopOption _stop = new("a continuation");
    private readonly ValueOption<int> _samples = new("--samples", Kinds.Size(most: 1 << 16),
        "Continuations per prompt, each with the next seed", 1);
    private readonly ValueOption<int> _batch = new("--batch", Kinds.Size(),
        "Continuations generated at once; changes no text", GeneratorBatch.Usual);
    private readonly WeightsOption _weights = new();
    private readonly SamplingInput _sampling = new();
    private readonly MachineOptions _machine = new(onProcessor: true);

    internal GenerateCommand() : base(
        "generate",
        "Continue a text or token ids, greedily or by sampling",
        "espalier generate models/quickstart-teacher \"Once upon a time\" --max-tokens 60",
        "espalier generate models/quickstart-teacher --prompt \"The kernel\" --temperature 0.7 --top-p 0.9 --seed 3",
        "espalier generate models/quickstart-teacher --prompt Once --prompt \"The kernel\" --weights int8 --max-tokens 30",
        "espalier generate models/quickstart-teacher \"Once upon a time\" --samples 3 --min-p 0.1 --stop . --max-tokens 60",
        "espalier generate models/quickstart-teacher Hello --chat --max-tokens 30",
        "espalier generate models/quickstart-teacher --ids 4080 --greedy --max-tokens 200 --json") =>
        Takes([_model, _text, _prompt, _ids, _maxTokens, .. _sampling.Options, _chat, _stop, _ignoreEos, _weights, _samples, _batch,
            .. _machine.Options]);

    protected override int Run(CommandRun run)
    {
        string[] prompts = [.. run.Get(_text) is { } text ? [text] : Array.Empty<string>(), .. run.Get(_prompt) ?? []];
        if (prompts.Length > 0 == run.Has(_ids))
            throw new EspalierException(run.Has(_ids) ? "text to continue and --ids were both given: give one of them"
                : "nothing to continue: give a text in quotes, --prompt TEXT or --ids 1,2,3");
        if (run.Has(_ids) && run.Get(_chat))
            throw new EspalierException("--chat and --ids were both given: ids are not a message, give a text");
        var texts = _stop.Of(run);
        using var checkpoint = _model.OpenFinite(run).WithUntaught(run);
        var options = _sampling.Read(run, checkpoint);
        var samples = run.Get(_samples)!.Value;
        if (samples > 1 && options.Temperature == 0)
            throw new EspalierException(
                $"--samples is {samples}, but decoding is greedy, so all would be the same: give a --temperature above 0, or no "
                    + "--samples");
        // Ids need no tokenizer: without one there is no text to show.
        var tokenizer = prompts.Length > 0 || TokenizerSource.IsIn(checkpoint.Folder)
            ? Tokenizer.Load(checkpoint.Folder) : null;
        if (tokenizer is null && texts.Count > 0)
            throw new EspalierException($"{checkpoint.Folder}: has no tokenizer, so --stop has no text to look in");
        var template = run.Get(_chat) ? ChatTemplate.Load(checkpoint.Folder) : null;
        int[][] starts = prompts.Length > 0
            ? [.. prompts.Select(prompt => EncodePrompt(run, prompt, tokenizer!, template, checkpoint.Config.VocabularySize))]
            : [ReadIds(run.Get(_ids)!, checkpoint.Config.VocabularySize)];
        RequirePositions(prompts, starts, checkpoint.Config.MaxPositions);
        var ends = prompts.Length > 0 && !run.Get(_ignoreEos) ? StopIds.Of(checkpoint, tokenizer!) : null;

        _machine.Start(run);
        using var packed = _weights.Load(run, checkpoint);
        WrittenText Text() => new(tokenizer, ends, texts);
        return starts.Length * samples > 1 ? Several(run, packed, prompts, starts, options, Text, ends)
            : One(run, packed, starts[0], options, Text(), ends);
    }

    private int One(
        CommandRun run, PackedWeights packed, int[] start, SamplingOptions options, WrittenText text, IReadOnlySet<int>? ends)
    {
        var (started, first, most) = (Stopwatch.GetTimestamp(), 0L, run.Get(_maxTokens)!.Value);
        foreach (var id in Generator.Continue(packed, start, most, options, ends, run.Cancellation))
        {
            if (text.Ids.Count == 0)
                first = Stopwatch.GetTimestamp();
            run.Say(text.Append(id));
            if (text.IsStopped)
                break;
        }
        var ended = Stopwatch.GetTimestamp();
        run.Say(text.Finish());
        var count = text.Ids.Count;
        double? rate = count < 2 ? null : (count - 1) / Stopwatch.GetElapsedTime(first, ended).TotalSeconds;
        // Who reads the text has it already; the figures are no part of it.
        run.Write(
            new GenerationReport
            {
                Ids = text.Ids,
                Text = text.Text,
                PromptTokens = start.Length,
                StoppedBy = text.StoppedBy(most),
                PromptSeconds = count == 0 ? null : Stopwatch.GetElapsedTime(started, first).TotalSeconds,
                Weights = WeightsOption.NameOf(packed.Format),
                TokensPerSecond = rate,
            },
            static (page, _) => page.Line());
        if (!run.Json)
            run.Progress.Note($"{Units.Counted(count, "token")}{(rate is { } speed ? $", {Units.Short(speed)} tokens/s" : "")}");
        return ExitCodes.Done;
    }

    // Many at once: nothing streams, for their texts grow side by side.
    private int Several(CommandRun run, PackedWeights packed, string[] prompts, int[][] starts, SamplingOptions options,
        Func<WrittenText> text, IReadOnlySet<int>? ends)
    {
        var (started, most, samples) = (Stopwatch.GetTimestamp(), run.Get(_maxTokens)!.Value, run.Get(_samples)!.Value);
        int[][] all = [.. starts.SelectMany(start => Enumerable.Repeat(start, samples))];
        WrittenText[] texts = [.. all.Select(_ => text())];
        int Seed(int i) => unchecked(options.Seed + i) & int.MaxValue;
        GeneratorBatch.Continue(
            packed, all, most, i => options with { Seed = Seed(i) }, ends, run.Get(_batch)!.Value,
            isEnd: (i, id) =>
            {
                texts[i].Append(id);
                return texts[i].IsStopped;
            },
            stop: run.Cancellation);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        foreach (var one in texts)
            one.Finish();
        var report = new GenerationsReport
        {
            Continuations =
            [
                .. texts.Select((one, i) => new ContinuationReport(
                    prompts.Length > 0 ? prompts[i / samples] : null, Seed(i), one.Ids, one.Text, all[i].Length, one.StoppedBy(most))),
            ],
            Seconds = seconds,
            TokensPerSecond = texts.Sum(one => one.Ids.Count) / seconds,
            Weights = WeightsOption.NameOf(packed.Format),
        };
        run.Write(report, (page, shown) =>
        {
            foreach (var one in shown.Continuations)
            {
                // An answer is no continuation of the message.
                page.Line($"{one.Prompt}{(run.Get(_chat) ? "\n" : "")}{one.Text ?? string.Join(',', one.Ids)}");
                page.Line();
            }
        });
        if (!run.Json)
            run.Progress.Note(
                $"{Units.Counted(starts.Length, "prompt")}, {(samples > 1 ? $"{Units.Counted(all.Length, "continuation")}, " : "")}"
                    + $"{Units.Counted(texts.Sum(one => one.Ids.Count), "token")}, {Units.Short(report.TokensPerSecond)} tokens/s");
        return ExitCodes.Done;
    }

    private static int[] EncodePrompt(CommandRun run, string text, Tokenizer tokenizer, ChatTemplate? template, int vocabulary)
    {
        if (template is not null)
        {
            var asked = template.Encode(tokenizer, [ChatMessage.User(text)], new() { AddGenerationPrompt = true });
            tokenizer.RequireRows(asked, vocabulary, "the message");
            return asked;
        }
        var start = tokenizer.Encode(text);
        tokenizer.RequireRows(start, vocabulary, "--prompt");
        if (tokenizer.DoublesBos(start))
            run.Progress.Warn(
                "--prompt begins with the tokenizer's own BOS, and another one is added before it, as in transformers: leave it out if "
                    + "you want only one");
        if (tokenizer.Model.AddsEos)
            run.Progress.Warn(
                "the tokenizer adds EOS after every text, including the prompt, as in transformers: the continuation is a new text");
        return start;
    }

    // Of several prompts the one that is too long is named, before weights are read.
    private static void RequirePositions(string[] prompts, int[][] starts, int positions)
    {
        foreach (var (number, start) in starts.Index())
            if (start.Length > positions)
                throw new EspalierException(prompts.Length > 1
                    ? $"prompt {number + 1} of {prompts.Length}, '{OneLine.Clipped(prompts[number])}', has {start.Length} ids, but the "
                        + $"model has {positions} positions: shorten it"
                    : $"the prompt has {start.Length} ids, but the model has {positions} positions: shorten it");
    }

    private static int[] ReadIds(string spec, int vocabulary)
    {
        var tokens = TokenIds.Parse(spec, vocabulary);
        using var file = tokens as IDisposable;
        if (tokens.Count > LongestPrompt)
            throw new EspalierException($"--ids {spec}: {tokens.Count} ids are too many for a prompt; give at most {LongestPrompt}");
        var ids = new int[tokens.Count];
        tokens.Read(0, ids);
        return ids;
    }
}
