using Espalier.Models.Tokenizers;

namespace Espalier.Models.Gguf.Export;

/// <summary>
/// What llama.cpp does not do as a tokenizer does, though it loads its GGUF file: one sentence each, with a text whose ids differ. Found
/// from what the tokenizer is, and held against llama.cpp by <c>tests/oracles/llama-cpp/tokenizers.mjs</c>.
/// </summary>
internal static class GgufTokenizerLosses
{
    // llama.cpp knows some tokens by their text and cuts them out of any text, whatever the file says they are: what ends a text or a turn,
    // and the marks of filling in the middle.
    private static readonly HashSet<string> s_control =
    [
        "</s>", "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>",
        "<|eom_id|>", "<EOT>", "_<EOT>", "<end_of_utterance>", "<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<PRE>", "\u2581<PRE>",
        "<|code_prefix|>", "<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<SUF>", "\u2581<SUF>", "<|code_suffix|>", "<|fim_middle|>",
        "<fim-middle>", "<fim_middle>", "<MID>", "\u2581<MID>", "<|code_middle|>", "<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>",
        "<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>", "<|file_sep|>",
    ];

    // Of a model that it takes for Phi-3, the special tokens that do not swallow what comes after them.
    private static readonly HashSet<string> s_phiExceptions = ["<unk>", "<s>", "<|endoftext|>"];

    /// <summary>The sentences; none where all is as it is here.</summary>
    /// <param name="model">The tokenizer.</param>
    /// <param name="bosId">Its BOS.</param>
    /// <param name="eosId">Its EOS.</param>
    /// <param name="vocabularySize">Rows of the model's embedding table.</param>
    /// <param name="isPhi">Whether the file's name makes llama.cpp take it for Phi-3.</param>
    public static IEnumerable<string> Of(TokenizerModel model, int? bosId, int? eosId, int vocabularySize, bool isPhi)
    {
        if (model.Tokens.Count > vocabularySize)
        {
            string[] beyond = [.. model.Tokens.Skip(vocabularySize).OfType<string>()];
            yield return $"{beyond.Length} of its tokens have ids from {vocabularySize}, for which "
                + $"the model (vocab_size {vocabularySize}) has no rows; they are left out: "
                + string.Join(", ", beyond.Take(3).Select(token => $"'{token}'")) + (beyond.Length > 3 ? ", ..." : "");
        }
        if (model.Before.Count > 1 || model.Before is [var first] && first != bosId || model.After.Count > 1
            || model.After is [var last] && last != eosId)
            yield return "its template adds tokens other than one BOS and one EOS, which llama.cpp does not";
        if (model is { Kind: TokenizerKind.ByteLevelBpe, AddPrefixSpace: true })
            yield return "it puts a space before each text, which llama.cpp does not do for byte-level tokens: a text that begins without "
                + "one gets other ids there, such as 'a'";
        if (model.Normalizers.Count > 0)
            yield return $"llama.cpp does not apply its normalizer ({string.Join(", ", model.Normalizers)}): text that it would change "
                + "gets other ids there" + (model.Normalizers.Contains("NFC") ? ", such as an e with U+0301 after it" : "");
        if (model.Split is PretokenizerSplit.Tekken or PretokenizerSplit.Gpt4o)
            yield return $"llama.cpp's '{(model.Split == PretokenizerSplit.Tekken ? "tekken" : "gpt-4o")}' recognises only A to Z as "
                + "capitals, and no combining mark as part of a word: other ids for text such as 'a\u00c9b', or an a with U+030A and "
                + "'s after it";
        if (OfMarks(model) is { } marks)
            yield return marks;
        foreach (var loss in OfTokens(model, isPhi))
            yield return loss;
    }

    // Tokens that are written with the mark are sought in the text as it is typed, where spaces are no marks yet.
    private static string? OfMarks(TokenizerModel model)
    {
        if (model.Kind != TokenizerKind.MetaspaceBpe)
            return null;
        string[] marked = [.. model.AddedTokens.Where(token => !token.Special && token.Content.Contains(GgufVocabulary.Mark))
            .Select(token => token.Content)];
        if (marked.Except(GgufVocabulary.MarksByMerges(model).Select(token => token.Content)).FirstOrDefault() is { } sought)
            return $"llama.cpp looks for '{sought.Replace(GgufVocabulary.Mark, ' ')}' with spaces where the tokenizer looks for U+2581: "
                + $"other ids for 'a{sought}b'";
        return Array.Find(marked, token => model.Tokens.Contains(GgufVocabulary.Mark + token)) is { } inner
            ? $"llama.cpp treats a typed U+2581 as a space, but the tokenizer first matches '{inner}' in the text: other ids for 'a "
                + $"{inner}b'"
            : null;
    }

    private static IEnumerable<string> OfTokens(TokenizerModel model, bool isPhi)
    {
        var (added, special) = (model.AddedTokens, model.AddedTokens.FirstOrDefault(token => token.Special));
        if (added.FirstOrDefault(token => token.LeftStrip) is { } left)
            yield return $"llama.cpp keeps the white space before '{left.Content}' that the token swallows: other ids for 'a "
                + $"{left.Content}'";
        if (added.FirstOrDefault(token => token.RightStrip
            && !(isPhi && token.Special && !s_phiExceptions.Contains(token.Content))) is { } right)
            yield return $"llama.cpp keeps the white space after '{right.Content}' that the token swallows: other ids for '"
                + $"{right.Content} a'";
        if (isPhi && added.FirstOrDefault(token =>
                token is { Special: true, RightStrip: false } && !s_phiExceptions.Contains(token.Content)) is { } kept)
            yield return $"llama.cpp drops the white space after '{kept.Content}', as it does after most special tokens of Phi-3: other "
                + $"ids for '{kept.Content} a'";
        if (added.FirstOrDefault(token => token.SingleWord) is { } word)
            yield return $"llama.cpp finds '{word.Content}' inside words too: other ids for 'a{word.Content}b'";
        if (model.NormalizerPrepends && added.FirstOrDefault(token => token.Normalized) is { } sought)
            yield return $"llama.cpp looks for '{sought.Content}' in the text as typed, but the tokenizer in what its normalizer "
                + $"makes of it: other ids for 'a{sought.Content}b'";
        if (model is { Kind: TokenizerKind.MetaspaceBpe, PrefixesStartAlone: true } && special is not null)
            yield return $"llama.cpp puts a space after each special token, but the tokenizer only before the text: other ids for "
                + $"'{special.Content}a'";
        var byName = added.Where(token => token.Special).Select(token => token.Content).ToHashSet(StringComparer.Ordinal);
        if (model.Tokens.FirstOrDefault(token => token is not null && s_control.Contains(token) && !byName.Contains(token)) is { } looks)
            yield return $"llama.cpp treats '{looks}' as a control token because of its form, and removes it from the text: other ids "
                + $"for 'a {looks}'";
    }
}
