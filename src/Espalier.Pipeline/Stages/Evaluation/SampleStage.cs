using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Generation;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Texts;

namespace Espalier.Pipeline.Stages.Evaluation;

/// <summary>
/// What a model writes after a few beginnings of documents, greedily: numbers say how much two models differ, this says how.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="decoder">Loads it, if it is needed.</param>
/// <param name="text">Where the documents are taken from.</param>
/// <param name="tokenizer">Turns ids into text.</param>
internal sealed class SampleStage(Slot<ModelFolder> model, Func<Decoder> decoder, Slot<EvaluationText> text, Tokenizer tokenizer) : Stage
{
    private const int Prompts = 3, PromptTokens = 24, Tokens = 48, Shortest = 8;

    /// <summary>How far into a text documents are looked for.</summary>
    private const int Looked = 1 << 16;

    private long[]? _starts;

    public override string Name => "samples";

    /// <summary>
    /// Folder of what was written; null before it ran, and where the model or the text is too short for a beginning and a continuation.
    /// </summary>
    public string? Folder { get; private set; }

    internal override bool IsNeeded => Starts().Length > 0;

    private int Length => Math.Min(PromptTokens, model.Value.Config.MaxPositions / 2);

    protected override JsonObject Options() =>
        new() { ["prompts"] = Prompts, ["prompt_tokens"] = Length, ["tokens"] = Tokens, ["whole_words"] = true };

    protected override IEnumerable<(string Name, string Hash)> Inputs() =>
        [("model", model.Value.Hash), ("text", text.Value.Hash), ("tokenizer", tokenizer.Sha256)];

    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        var (name, set) = (model.Value.Name, text.Value);
        run.Progress.Note($"samples: {name} on {Starts().Length} openings of {set.Name}");
        return new()
        {
            ["model"] = name,
            ["set"] = set.Name,
            ["samples"] = new JsonArray([.. Starts().Select(start => One(decoder(), set.Tokens, start, Length, tokenizer, run.Stop))]),
        };
    }

    protected override void Take(RunContext run, StageRecord record, string folder) => Folder = folder;

    private long[] Starts() => _starts ??= Length < Shortest ? [] : Starts(text.Value.Tokens, model.Value.Config, Length + Shortest);

    private static JsonObject One(Decoder model, ITokens tokens, long start, int length, Tokenizer tokenizer, CancellationToken stop)
    {
        var ids = new int[(int)Math.Min(length + Tokens, tokens.Count - start)];
        tokens.Read(start, ids);
        var end = EndOf(ids, length, model.Config);
        length = WholeWords(tokenizer, ids, length);
        var (prompt, original) = (ids[..length], ids[length..end]);
        var written = Generator.Continue(model, prompt, Tokens, new(), model.Config.EosTokenIds.ToHashSet(), stop).ToArray();
        return new()
        {
            ["prompt"] = tokenizer.Decode(prompt, skipSpecialTokens: true),
            ["original"] = Ended(Continuation(tokenizer, prompt, original), end == ids.Length),
            ["written"] = Ended(Continuation(tokenizer, prompt, written), written.Length == Tokens),
            ["original_is_cut"] = end == ids.Length,
            ["written_is_cut"] = written.Length == Tokens,
        };
    }

    /// <summary>A text, without the word that its last token may have cut through where it goes on.</summary>
    private static string Ended(string text, bool isCut) =>
        isCut && text.LastIndexOfAny([' ', '\n']) is var end && end > 0 && !string.IsNullOrWhiteSpace(text[..end])
            ? text[..end].TrimEnd() : text;

    /// <summary>So many of the first ids that the next one begins a word; all of them where none does.</summary>
    private static int WholeWords(Tokenizer tokenizer, int[] ids, int length)
    {
        for (var count = length; count >= Shortest; count--)
            if (Continuation(tokenizer, ids[..count], ids[count..(count + 1)]) is [var next, ..] && char.IsWhiteSpace(next))
                return count;
        return length;
    }

    /// <summary>
    /// The text that ids add after a prompt: decoded with it, for the first id may begin with a space, or in the middle of a character.
    /// </summary>
    private static string Continuation(Tokenizer tokenizer, int[] prompt, int[] ids)
    {
        var (before, all) =
            (tokenizer.Decode(prompt, skipSpecialTokens: true), tokenizer.Decode([.. prompt, .. ids], skipSpecialTokens: true));
        return all.StartsWith(before, StringComparison.Ordinal) ? all[before.Length..] : tokenizer.Decode(ids, skipSpecialTokens: true);
    }

    /// <summary>Where the document ends: before its EOS, or where the next one begins with BOS.</summary>
    private static int EndOf(int[] ids, int from, DecoderConfig config)
    {
        var end = Array.FindIndex(ids, from, id => id == config.BosTokenId || config.EosTokenIds.Contains(id));
        return end < 0 ? ids.Length : end;
    }

    /// <summary>
    /// Beginnings of documents that are long enough, spread over the text; of a text without any, places spread over it.
    /// </summary>
    private static long[] Starts(ITokens tokens, DecoderConfig config, int length)
    {
        var ids = new int[(int)Math.Min(Looked, tokens.Count)];
        tokens.Read(0, ids);
        var documents = new List<long>();
        for (var i = 0; i + length <= ids.Length; i++)
            if ((i == 0 || config.EosTokenIds.Contains(ids[i - 1]) || ids[i] == config.BosTokenId)
                && EndOf(ids, i + 1, config) - i >= length)
                documents.Add(i);
        var prompts = Math.Min(Prompts, documents.Count);
        return prompts > 0 ? [.. Enumerable.Range(0, prompts).Select(i => documents[i * documents.Count / prompts])]
            : [.. Enumerable.Range(0, Prompts).Select(i => (long)i * ids.Length / Prompts).Where(start => start + length <= ids.Length)];
    }
}
