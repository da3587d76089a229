using System.Text;
using Espalier.Models.Tokenizers.Bpe;

namespace Espalier.Models.Tokenizers.Formats;

/// <summary>
/// Mistral's tekken.json: tokens as bytes by rank, the split's expression, control tokens. Ids as Mistral's own library gives them: control
/// tokens come first, filled up to their number, then the ranks, as many as the configured size has room for. The merges are those of
/// all ways to cut a token in two that are tokens, as transformers writes them.
/// </summary>
internal static class TekkenFile
{
    // Of files from before they listed them.
    private static readonly string[] s_older =
    [
        "<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]",
        "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]", "[MIDDLE]", "[SUFFIX]", "[SYSTEM_PROMPT]",
        "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]",
    ];

    /// <summary>The text of a tokenizer.json.</summary>
    public static byte[] Convert(string path)
    {
        var (document, root, _) = TokenizerFile.Parse(path);
        using (document)
        {
            var config = root["config"];
            var pattern = config["pattern"].Text();
            var (count, size) = (config["default_num_special_tokens"].Natural(), config["default_vocab_size"].Natural());
            var special = Specials(root["special_tokens"], count);
            var vocabulary = special.Select(static (name, id) => (name, id))
                .ToDictionary(static row => row.name, static row => row.id, StringComparer.Ordinal);
            var words = root["vocab"].Items().Take(Math.Max(0, size - count)).Select(Word).ToList();
            if (words.Count < size - count)
                throw root["vocab"].Refuse($"{words.Count} tokens are here, but config says {size} with {count} control tokens.");
            foreach (var word in words)
                if (!vocabulary.TryAdd(word, vocabulary.Count))
                    throw root["vocab"].Refuse($"the token '{word}' appears twice here.");
            return new ConvertedTokenizer
            {
                Type = "BPE",
                Model = json =>
                {
                    json.WriteBoolean("ignore_merges", true);
                    ConvertedTokenizer.WriteBpe(json, vocabulary, TokenMerges.Of(words, words.Count, order: null));
                },
                Vocabulary = vocabulary,
                PreTokenizer = $$"""
                    {"type":"Sequence","pretokenizers":[
                    {"type":"Split","pattern":{"Regex":"{{JsonEncodedText.Encode(pattern)}}"},"behavior":"Isolated"},
                    {"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]}
                    """,
                Decoder = ConvertedTokenizer.ByteLevelDecoder,
                Template = vocabulary.ContainsKey("<s>") ? (["<s>"], []) : ([], []),
                Added = [.. special.Select(static name => new AddedToken { Id = 0, Content = name, Special = true })],
            }.Write(path);
        }
    }

    private static List<string> Specials(TokenizerNode node, int count)
    {
        var names = node.IsNull ? [.. s_older.Take(count)] : node.Items().Select(static item => item["token_str"].Text()).ToList();
        if (names.Count > count)
            throw node.Refuse($"{names.Count} control tokens are here, but config says {count}.");
        if (count > 100_000)
            throw node.Refuse($"{count} control tokens are more than any file has.");
        for (var rank = names.Count; rank < count; rank++)
            names.Add($"<SPECIAL_{rank}>");
        return names.Distinct(StringComparer.Ordinal).Count() == count ? names : throw node.Refuse("a control token appears twice here.");
    }

    private static string Word(TokenizerNode node)
    {
        var text = node["token_bytes"].Text();
        var bytes = new byte[text.Length];
        if (!System.Convert.TryFromBase64String(text, bytes, out var length) || length == 0)
            throw node["token_bytes"].Refuse($"'{text}' is not the base64 of a token.");
        var word = new StringBuilder(length);
        foreach (var value in bytes.AsSpan(0, length))
            word.Append(ByteAlphabet.ToCharacter(value));
        return word.ToString();
    }
}
