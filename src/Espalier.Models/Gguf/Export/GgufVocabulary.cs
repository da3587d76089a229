using Espalier.Models.Chat;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Models.Tokenizers.Formats;

namespace Espalier.Models.Gguf.Export;

/// <summary>The keys <c>tokenizer.*</c>: tokens and merges as llama.cpp's two kinds of BPE read them, special ids, chat template.</summary>
internal static class GgufVocabulary
{
    private const string TokenizerFile = "tokenizer.json";

    // A tokenizer in another form is no missing tokenizer.
    private static readonly string[] s_otherFiles = ["vocab.json", "vocab.txt"];

    private static readonly string[] s_phiNames = ["phi-3", "phi3"], s_phiTokens = ["</s>", "<unk>", "<s>", "<|endoftext|>"];

    /// <summary>What stands for a space in vocabularies of SentencePiece's kind.</summary>
    public const char Mark = '\u2581';

    // The numbers are llama.cpp's enum llama_token_type.
    private const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6;

    /// <summary>Describes a folder's tokenizer; without any tokenizer file, a vocabulary that spells ids as <c>&lt;17&gt;</c>.</summary>
    public static void Describe(Checkpoint checkpoint, GgufMetadata metadata)
    {
        var tokenizer = Load(checkpoint.Folder);
        if (tokenizer is null)
            DescribeIds(checkpoint.Config.VocabularySize, metadata);
        else
            Describe(tokenizer.Model, checkpoint.Config.VocabularySize, FileOf(checkpoint.Folder), metadata);
        foreach (var (key, id) in SpecialIds(checkpoint, tokenizer, metadata.Get<string[]>("tokenizer.ggml.tokens")))
            metadata.Add(key, (uint)id);
        if (ChatTemplateFiles.Default(checkpoint.Folder) is { } template)
            metadata.Add("tokenizer.chat_template", template);
    }

    /// <summary>Refuses a folder's tokenizer that llama.cpp cannot express.</summary>
    /// <param name="folder">The folder, which needs no weights.</param>
    /// <param name="vocabularySize">Rows of the model's embedding table.</param>
    /// <returns>What is lost on the way, one sentence each.</returns>
    /// <exception cref="EspalierException">What stands in the way.</exception>
    public static IReadOnlyList<string> Check(string folder, int vocabularySize)
    {
        if (Load(folder) is not { } tokenizer)
            return [$"{folder}: has no {TokenizerFile}: the GGUF file writes each id as <17> and cannot tokenize text"];
        Describe(tokenizer.Model, vocabularySize, FileOf(folder), new());
        return [.. GgufTokenizerLosses.Of(tokenizer.Model, tokenizer.BosId, tokenizer.EosId, vocabularySize, Strips(tokenizer.Model))
            .Select(loss => $"{FileOf(folder)}: {loss}")];
    }

    /// <summary>
    /// What the file calls the model. llama.cpp lets the special tokens of a model whose name has "phi-3" or "phi3" in it swallow the space
    /// after them, and fails to load it where the vocabulary lacks one of four tokens; so the name has it where, and only where, the
    /// tokenizer does that.
    /// </summary>
    /// <param name="name">The name that is wanted.</param>
    /// <param name="folder">The folder whose tokenizer goes with the model.</param>
    public static string NameOf(string name, string folder)
    {
        var model = Load(folder)?.Model;
        var strips = model is not null && Strips(model);
        var says = s_phiNames.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase));
        return strips == says ? name : strips ? $"{name} (Phi-3)"
            : s_phiNames.Aggregate(name, (text, part) => text.Replace(part, "phi 3", StringComparison.OrdinalIgnoreCase));
    }

    private static bool Strips(TokenizerModel model) => s_phiTokens.All(token => model.Tokens.Contains(token))
        && model.AddedTokens.Any(token => token is { Special: true, RightStrip: true });

    private static string FileOf(string folder) => TokenizerSource.Find(folder) ?? Path.Combine(folder, TokenizerFile);

    private static Tokenizer? Load(string folder)
    {
        if (TokenizerSource.IsIn(folder))
            return Tokenizer.Load(folder);
        if (Array.Find(s_otherFiles, name => File.Exists(Path.Combine(folder, name))) is { } other)
            throw new EspalierException(
                $"{folder}: has {other} but no {TokenizerFile}; save the tokenizer with "
                    + "transformers (AutoTokenizer ... save_pretrained) and export again");
        return null;
    }

    /// <summary>Describes tokens, their types, merges or scores, and what encoding adds.</summary>
    internal static void Describe(TokenizerModel model, int vocabularySize, string file, GgufMetadata metadata)
    {
        foreach (var (adds, ids, name) in new[] { (model.AddsBos, model.Before, "BOS"), (model.AddsEos, model.After, "EOS") })
            if (adds && ids.Any(id => id >= vocabularySize))
                throw new EspalierException(
                    $"{file}: adds {name} to every text, whose id {ids.Max()} is not below vocab_size {vocabularySize}: the tokenizer and "
                        + $"config.json belong to different models; put the right {TokenizerFile} there");
        if (model.Kind is not (TokenizerKind.ByteLevelBpe or TokenizerKind.MetaspaceBpe))
            throw new EspalierException(
                $"{file}: a tokenizer of kind {model.Kind} cannot be written as GGUF; byte-level BPE and BPE with U+2581 for the space "
                    + "can");
        model = Within(model, vocabularySize);

        var (tokens, types) = Tokens(model, vocabularySize);
        if (model.Kind == TokenizerKind.ByteLevelBpe)
        {
            metadata.Add("tokenizer.ggml.model", "gpt2");
            metadata.Add("tokenizer.ggml.pre", GgufPreTokenizer.NameOf(model, file));
            metadata.Add("tokenizer.ggml.tokens", tokens);
            metadata.Add("tokenizer.ggml.token_type", types);
            metadata.Add("tokenizer.ggml.merges", model.Merges.Select(m => $"{m.Left} {m.Right}").ToArray());
            if (model.AddPrefixSpace)
                metadata.Add("tokenizer.ggml.add_space_prefix", true);
        }
        else
        {
            if (model.Split != PretokenizerSplit.None)
                throw new EspalierException(
                    $"{file}: splits text at {model.Split} before U+2581 merges, which llama.cpp's vocabulary 'llama' cannot do");
            metadata.Add("tokenizer.ggml.model", "llama");
            metadata.Add("tokenizer.ggml.pre", "default");
            metadata.Add("tokenizer.ggml.tokens", tokens);
            metadata.Add("tokenizer.ggml.scores", Scores(model, vocabularySize));
            metadata.Add("tokenizer.ggml.token_type", types);
            metadata.Add("tokenizer.ggml.add_space_prefix", model.AddPrefixSpace);
        }
        metadata.Add("tokenizer.ggml.add_bos_token", model.AddsBos);
        metadata.Add("tokenizer.ggml.add_eos_token", model.AddsEos);
        if (model.UnknownId is { } unknown)
            metadata.Add("tokenizer.ggml.unknown_token_id", (uint)unknown);
    }

    /// <summary>
    /// llama.cpp has a model type without any vocabulary, but front ends that tokenize a line break on loading abort on it.
    /// So each id is a token of its own, written <c>&lt;id&gt;</c>, which can be typed and is printed.
    /// </summary>
    private static void DescribeIds(int vocabularySize, GgufMetadata metadata)
    {
        metadata.Add("tokenizer.ggml.model", "gpt2");
        metadata.Add("tokenizer.ggml.pre", "gpt-2");
        metadata.Add("tokenizer.ggml.tokens", Enumerable.Range(0, vocabularySize).Select(id => $"<{id}>").ToArray());
        metadata.Add("tokenizer.ggml.token_type", Enumerable.Repeat(UserDefined, vocabularySize).ToArray());
        metadata.Add("tokenizer.ggml.merges", Array.Empty<string>());
        metadata.Add("tokenizer.ggml.add_bos_token", false);
        metadata.Add("tokenizer.ggml.add_eos_token", false);
    }

    /// <summary>The tokens that the model has rows for, and the merges that make them; all of them where none lies beyond.</summary>
    private static TokenizerModel Within(TokenizerModel model, int vocabularySize)
    {
        if (model.Tokens.Count <= vocabularySize)
            return model;
        var beyond = model.Tokens.Skip(vocabularySize).OfType<string>().ToHashSet(StringComparer.Ordinal);
        return model with
        {
            Tokens = [.. model.Tokens.Take(vocabularySize)],
            AddedTokens = [.. model.AddedTokens.Where(token => token.Id < vocabularySize)],
            Merges = [
                .. model.Merges.Where(merge => !beyond.Contains(merge.Left) && !beyond.Contains(merge.Right)
                    && !beyond.Contains(merge.Left + merge.Right))],
            UnknownId = model.UnknownId < vocabularySize ? model.UnknownId : null,
        };
    }

    private static (string[] Tokens, int[] Types) Tokens(TokenizerModel model, int vocabularySize)
    {
        var tokens = new string[vocabularySize];
        var types = new int[vocabularySize];
        var added = model.AddedTokens.ToDictionary(t => t.Id);
        var taken = model.Tokens.OfType<string>().ToHashSet(StringComparer.Ordinal);
        var byMerges = MarksByMerges(model).Select(static token => token.Id).ToHashSet();
        for (var id = 0; id < vocabularySize; id++)
        {
            var text = id < model.Tokens.Count ? model.Tokens[id] : null;
            var special = added.GetValueOrDefault(id);
            (tokens[id], types[id]) = (text, special) switch
            {
                (null, _) => (Free($"[PAD{id}]", taken), Unused),
                (_, { Special: true }) when id != model.UnknownId => (text, Control),
                _ when byMerges.Contains(id) => (text, Normal),
                (_, not null) when id != model.UnknownId =>
                    (model.Kind == TokenizerKind.MetaspaceBpe ? Spaced(text, taken) : text, UserDefined),
                _ when id == model.UnknownId => (text, Unknown),
                _ when model.Kind == TokenizerKind.MetaspaceBpe && IsByte(text) => (text, Byte),
                _ => (text, Normal),
            };
        }
        return (tokens, types);
    }

    /// <summary>
    /// The added tokens that a text without U+2581 comes to by merges alone, as Gemma's runs of spaces: the tokenizer looks for them in
    /// the text before its spaces become marks, and llama.cpp would cut them out of it.
    /// </summary>
    public static IEnumerable<AddedToken> MarksByMerges(TokenizerModel model)
    {
        if (model.Kind != TokenizerKind.MetaspaceBpe)
            return [];
        var reached = model.Merges.Select(static merge => merge.Left + merge.Right).ToHashSet(StringComparer.Ordinal);
        return model.AddedTokens.Where(token => token is { Special: false, Normalized: false } && token.Id != model.UnknownId
            && token.Content.Contains(Mark) && reached.Contains(token.Content));
    }

    /// <summary>
    /// SentencePiece's scores: the earlier a token is merged, the higher. llama.cpp merges the pair whose result scores
    /// highest; single characters and special tokens are results of no merge, so theirs does not matter.
    /// </summary>
    private static float[] Scores(TokenizerModel model, int vocabularySize)
    {
        var ranks = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (left, right) in model.Merges)
            ranks.TryAdd(left + right, ranks.Count);
        return [.. Enumerable.Range(0, vocabularySize)
            .Select(id => id < model.Tokens.Count && model.Tokens[id] is { } text && ranks.TryGetValue(text, out var rank) ? -(float)rank
                : 0f)];
    }

    // llama.cpp looks for user-defined tokens in the text as it is typed, and refuses a vocabulary with a token twice.
    private static string Spaced(string text, HashSet<string> taken)
        => text.Replace(Mark, ' ') is var spaced && taken.Add(spaced) ? spaced : text;

    private static string Free(string text, HashSet<string> taken)
    {
        while (!taken.Add(text))
            text += "_";
        return text;
    }

    private static bool IsByte(string text)
        => text.Length == 6 && text.StartsWith("<0x", StringComparison.Ordinal) && text[5] == '>' && char.IsAsciiHexDigitUpper(text[3])
        && char.IsAsciiHexDigitUpper(text[4]);

    // What is put around every text is the tokenizer's own; config.json may name another, or none.
    private static IEnumerable<(string Key, int Id)> SpecialIds(Checkpoint checkpoint, Tokenizer? tokenizer, string[] tokens)
    {
        if ((tokenizer is { Model.AddsBos: true } ? tokenizer.BosId : checkpoint.Config.BosTokenId) is { } bos && Known(bos))
            yield return ("tokenizer.ggml.bos_token_id", bos);
        if (Number(checkpoint.RawConfig["pad_token_id"]) is { } pad && Known(pad))
            yield return ("tokenizer.ggml.padding_token_id", pad);

        // llama.cpp stops at any of three: end of sequence, of turn, of message.
        IEnumerable<int> added = tokenizer is { Model.AddsEos: true, EosId: { } eos } ? [eos] : [];
        var ends = added.Concat(checkpoint.Config.EosTokenIds).Concat(GenerationEnds(checkpoint)).Where(Known).Distinct().ToList();
        if (ends.Count == 0)
            yield break;
        yield return ("tokenizer.ggml.eos_token_id", ends[0]);
        var others = ends.Skip(1).OrderBy(id => tokens[id] is "<|eom_id|>").Take(2).ToArray();
        if (others.Length > 0)
            yield return ("tokenizer.ggml.eot_token_id", others[0]);
        if (others.Length > 1)
            yield return ("tokenizer.ggml.eom_token_id", others[1]);

        bool Known(int id) => id >= 0 && id < tokens.Length;
    }

    private static IEnumerable<int> GenerationEnds(Checkpoint checkpoint)
        => checkpoint.GenerationConfig?["eos_token_id"] switch
        {
            JsonArray several => several.Select(Number).OfType<int>(),
            var one => Number(one) is { } id ? [id] : [],
        };

    private static int? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue(out int number) ? number : null;
}
