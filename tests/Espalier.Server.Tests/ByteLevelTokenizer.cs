namespace Espalier.Server.Tests;

/// <summary>
/// A <c>tokenizer.json</c> without merges: the pieces that a vocabulary lists, over the bytes of the text, and added tokens.
/// </summary>
internal static class ByteLevelTokenizer
{
    /// <summary>Writes it into a folder.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="vocabulary">Pieces in the order of their ids.</param>
    /// <param name="added">Added tokens with their ids, and whether they are special.</param>
    public static void Write(
        string folder, IEnumerable<string> vocabulary, params IEnumerable<(int Id, string Content, bool IsSpecial)> added) =>
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray([.. added.Select(static token => (JsonNode)new JsonObject
            {
                ["id"] = token.Id, ["content"] = token.Content, ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false,
                ["normalized"] = false, ["special"] = token.IsSpecial,
            })]),
            ["normalizer"] = null,
            ["pre_tokenizer"] = ByteLevel(),
            ["post_processor"] = null,
            ["decoder"] = ByteLevel(),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = null,
                ["end_of_word_suffix"] = null,
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["vocab"] = new JsonObject(vocabulary.Select(static (piece, i) => KeyValuePair.Create(piece, (JsonNode?)i))),
                ["merges"] = new JsonArray(),
            },
        }.ToJsonString());

    private static JsonObject ByteLevel() =>
        new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = true };
}
