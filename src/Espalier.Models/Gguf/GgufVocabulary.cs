using System.Text.Json.Nodes;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;

namespace Espalier.Models.Gguf;

/// <summary>The keys <c>tokenizer.*</c>: tokens and merges as llama.cpp's two kinds of BPE read them, special ids, chat template.</summary>
internal static class GgufVocabulary
{
    private const string TokenizerFile = "tokenizer.json";

    // The numbers are llama.cpp's enum llama_token_type.
    private const int Normal = 1, Unknown = 2, Control = 3, UserDefined = 4, Unused = 5, Byte = 6;

    /// <summary>Describes a folder's tokenizer; without any tokenizer file, a vocabulary that spells ids as <c>&lt;17&gt;</c>.</summary>
    public static void Describe(Checkpoint checkpoint, GgufMetadata metadata)
    {
        var folder = checkpoint.Folder;
        if (!File.Exists(Path.Combine(folder, TokenizerFile)))
        {
            if (File.Exists(Path.Combine(folder, "tokenizer.model")))
                throw new EspalierException($"{folder}: has tokenizer.model but no {TokenizerFile}; save the tokenizer with transformers (AutoTokenizer ... save_pretrained) and export again");
            DescribeIds(checkpoint.Config.VocabularySize, metadata);
        }
        else
        {
            Describe(Tokenizer.Load(folder).Model, checkpoint.Config.VocabularySize, Path.Combine(folder, TokenizerFile), metadata);
        }
        foreach (var (key, id) in SpecialIds(checkpoint, metadata.Get<string[]>("tokenizer.ggml.tokens")))
            metadata.Add(key, (uint)id);
        if (ChatTemplate.Of(folder) is { } template)
            metadata.Add("tokenizer.chat_template", template);
    }

    /// <summary>Describes tokens, their types, merges or scores, and what encoding adds.</summary>
    internal static void Describe(TokenizerModel model, int vocabularySize, string file, GgufMetadata metadata)
    {
        if (model.Tokens.Count > vocabularySize)
            throw new EspalierException($"{file}: has ids up to {model.Tokens.Count - 1}, but vocab_size is {vocabularySize}; llama.cpp needs a row for each token");

        var (tokens, types) = Tokens(model, vocabularySize);
        if (model.Kind == TokenizerKind.ByteLevelBpe)
        {
            metadata.Add("tokenizer.ggml.model", "gpt2");
            metadata.Add("tokenizer.ggml.pre", PreTokenizer(model, file));
            metadata.Add("tokenizer.ggml.tokens", tokens);
            metadata.Add("tokenizer.ggml.token_type", types);
            metadata.Add("tokenizer.ggml.merges", model.Merges.Select(m => $"{m.Left} {m.Right}").ToArray());
            if (model.AddPrefixSpace)
                metadata.Add("tokenizer.ggml.add_space_prefix", true);
        }
        else
        {
            if (model.Split != PretokenizerSplit.None)
                throw new EspalierException($"{file}: splits text at {model.Split} before U+2581 merges, which llama.cpp's vocabulary 'llama' cannot do");
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

    /// <summary>
    /// llama.cpp's name of the split. <c>llama-bpe</c> and <c>tekken</c> take a whole word from the vocabulary before any
    /// merge, the others never do; that matters only where merges do not reach every token.
    /// </summary>
    private static string PreTokenizer(TokenizerModel model, string file)
    {
        var (name, takesWholeWords) = model.Split switch
        {
            PretokenizerSplit.Llama3 => ("llama-bpe", true),
            PretokenizerSplit.Tekken => ("tekken", true),
            PretokenizerSplit.Qwen2 => ("qwen2", false),
            PretokenizerSplit.Gpt2 => ("gpt-2", false),
            _ => throw new EspalierException($"{file}: its pre-tokenizer is none that llama.cpp has a name for (GPT-2, Llama 3, Qwen2 or Tekken)"),
        };
        if (takesWholeWords == model.IgnoreMerges || MergesReachEveryToken(model))
            return name;
        // The same split as llama-bpe, without whole words.
        return name == "llama-bpe" ? "smaug-bpe"
            : throw new EspalierException($"{file}: ignore_merges is {model.IgnoreMerges}, which llama.cpp's '{name}' cannot express for tokens that no merge reaches");
    }

    private static bool MergesReachEveryToken(TokenizerModel model)
    {
        var reached = model.Merges.Select(m => m.Left + m.Right).ToHashSet(StringComparer.Ordinal);
        var added = model.AddedTokens.Select(t => t.Id).ToHashSet();
        return !model.Tokens.Where((token, id) => token is { Length: > 1 } && !added.Contains(id) && !reached.Contains(token)).Any();
    }

    private static (string[] Tokens, int[] Types) Tokens(TokenizerModel model, int vocabularySize)
    {
        var tokens = new string[vocabularySize];
        var types = new int[vocabularySize];
        var added = model.AddedTokens.ToDictionary(t => t.Id);
        var taken = model.Tokens.OfType<string>().ToHashSet(StringComparer.Ordinal);
        for (var id = 0; id < vocabularySize; id++)
        {
            var text = id < model.Tokens.Count ? model.Tokens[id] : null;
            var special = added.GetValueOrDefault(id);
            (tokens[id], types[id]) = (text, special) switch
            {
                (null, _) => (Free($"[PAD{id}]", taken), Unused),
                (_, { Special: true }) when id != model.UnknownId => (text, Control),
                (_, not null) when id != model.UnknownId => (Spaced(text, taken), UserDefined),
                _ when id == model.UnknownId => (text, Unknown),
                _ when model.Kind == TokenizerKind.MetaspaceBpe && IsByte(text) => (text, Byte),
                _ => (text, Normal),
            };
        }
        return (tokens, types);
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
        return [.. Enumerable.Range(0, vocabularySize).Select(id => id < model.Tokens.Count && model.Tokens[id] is { } text && ranks.TryGetValue(text, out var rank) ? -(float)rank : 0f)];
    }

    // llama.cpp looks for user-defined tokens in the text as it is typed, and refuses a vocabulary with a token twice.
    private static string Spaced(string text, HashSet<string> taken)
        => text.Replace('\u2581', ' ') is var spaced && taken.Add(spaced) ? spaced : text;

    private static string Free(string text, HashSet<string> taken)
    {
        while (!taken.Add(text))
            text += "_";
        return text;
    }

    private static bool IsByte(string text)
        => text.Length == 6 && text.StartsWith("<0x", StringComparison.Ordinal) && text[5] == '>' && char.IsAsciiHexDigitUpper(text[3]) && char.IsAsciiHexDigitUpper(text[4]);

    private static IEnumerable<(string Key, int Id)> SpecialIds(Checkpoint checkpoint, string[] tokens)
    {
        if (checkpoint.Config.BosTokenId is { } bos && Known(bos))
            yield return ("tokenizer.ggml.bos_token_id", bos);
        if (Number(checkpoint.RawConfig["pad_token_id"]) is { } pad && Known(pad))
            yield return ("tokenizer.ggml.padding_token_id", pad);

        // llama.cpp stops at any of three: end of sequence, of turn, of message.
        var ends = checkpoint.Config.EosTokenIds.Concat(GenerationEnds(checkpoint)).Where(Known).Distinct().ToList();
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
