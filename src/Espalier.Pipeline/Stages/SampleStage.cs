using System.Text.Json.Nodes;
using Espalier.Compression.Data;
using Espalier.Models;
using Espalier.Models.Generation;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Stages;

/// <summary>What a model writes after a few beginnings of documents, greedily: numbers say how much two models differ, this says how.</summary>
public static class SampleStage
{
    private const int Prompts = 3, PromptTokens = 24, Tokens = 48, Shortest = 8;

    /// <summary>How far into a text documents are looked for.</summary>
    private const int Looked = 1 << 16;

    /// <summary>Writes, or finds what an earlier start wrote; the stage's record.</summary>
    /// <param name="run">The run.</param>
    /// <param name="model">The model.</param>
    /// <param name="config">Its shape.</param>
    /// <param name="decoder">Loads it, if it is needed.</param>
    /// <param name="text">Where the documents are taken from.</param>
    /// <param name="tokenizer">Turns ids into text.</param>
    /// <returns>The record; null where the model or the text is too short for a beginning and a continuation.</returns>
    public static Runs.StageRecord? Run(RunContext run, ModelFolder model, DecoderConfig config, Func<Decoder> decoder, EvaluationText text, Tokenizer tokenizer)
    {
        var length = Math.Min(PromptTokens, config.MaxPositions / 2);
        var starts = length < Shortest ? [] : Starts(text.Tokens, config, length + Shortest);
        if (starts.Length == 0)
            return null;
        var options = new JsonObject { ["prompts"] = Prompts, ["prompt_tokens"] = length, ["tokens"] = Tokens };
        var inputs = new Dictionary<string, string> { ["model"] = model.Hash, ["text"] = text.Hash, ["tokenizer"] = tokenizer.Sha256 };
        return run.RunStage("samples", options, inputs, (_, _) =>
        {
            run.Progress.Note($"samples: {model.Name} goes on from {starts.Length} beginnings of {text.Name}");
            return new() { ["model"] = model.Name, ["set"] = text.Name, ["samples"] = new JsonArray([.. starts.Select(start => One(decoder(), text.Tokens, start, length, tokenizer, run.Stop))]) };
        });
    }

    private static JsonObject One(Decoder model, ITokens tokens, long start, int length, Tokenizer tokenizer, CancellationToken stop)
    {
        var ids = new int[(int)Math.Min(length + Tokens, tokens.Count - start)];
        tokens.Read(start, ids);
        var end = EndOf(ids, length, model.Config);
        var (prompt, original) = (ids[..length], ids[length..end]);
        var written = Generator.Continue(model, prompt, Tokens, new(), model.Config.EosTokenIds.ToHashSet(), stop).ToArray();
        return new()
        {
            ["prompt"] = tokenizer.Decode(prompt, skipSpecialTokens: true),
            ["original"] = Continuation(tokenizer, prompt, original),
            ["written"] = Continuation(tokenizer, prompt, written),
        };
    }

    /// <summary>The text that ids add after a prompt: decoded with it, for the first id may begin with a space, or in the middle of a character.</summary>
    private static string Continuation(Tokenizer tokenizer, int[] prompt, int[] ids)
    {
        var (before, all) = (tokenizer.Decode(prompt, skipSpecialTokens: true), tokenizer.Decode([.. prompt, .. ids], skipSpecialTokens: true));
        return all.StartsWith(before, StringComparison.Ordinal) ? all[before.Length..] : tokenizer.Decode(ids, skipSpecialTokens: true);
    }

    /// <summary>Where the document ends: before its EOS, or where the next one begins with BOS.</summary>
    private static int EndOf(int[] ids, int from, DecoderConfig config)
    {
        var end = Array.FindIndex(ids, from, id => id == config.BosTokenId || config.EosTokenIds.Contains(id));
        return end < 0 ? ids.Length : end;
    }

    /// <summary>Beginnings of documents that are long enough, spread over the text; of a text without documents, places spread over it.</summary>
    private static long[] Starts(ITokens tokens, DecoderConfig config, int length)
    {
        var ids = new int[(int)Math.Min(Looked, tokens.Count)];
        tokens.Read(0, ids);
        var documents = new List<long>();
        for (var i = 0; i + length <= ids.Length; i++)
            if ((i == 0 || config.EosTokenIds.Contains(ids[i - 1]) || ids[i] == config.BosTokenId) && EndOf(ids, i + 1, config) - i >= length)
                documents.Add(i);
        return documents.Count >= Prompts ? [.. Enumerable.Range(0, Prompts).Select(i => documents[i * documents.Count / Prompts])]
            : [.. Enumerable.Range(0, Prompts).Select(i => (long)i * ids.Length / Prompts).Where(start => start + length <= ids.Length)];
    }
}
