using System.Text.Json.Nodes;

namespace Espalier.Models.Gguf.Import;

/// <summary>The pre-tokenizers that llama.cpp's names <c>tokenizer.ggml.pre</c> stand for.</summary>
internal static class ImportedSplit
{
    private const string Llama3 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string Qwen2 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string Tekken = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
        + @"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}"
        + @"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Whether a whole word of the vocabulary is taken before any merge.</summary>
    public static bool TakesWholeWords(string pre) => pre is "llama-bpe" or "llama3" or "llama-v3" or "tekken";

    /// <summary>Whether llama.cpp puts BOS before texts where the file does not say.</summary>
    public static bool AddsBos(string pre) => pre is "llama-bpe" or "llama3" or "llama-v3" or "tekken";

    /// <summary>The node of <c>tokenizer.json</c>.</summary>
    /// <param name="pre">llama.cpp's name.</param>
    /// <param name="addsSpace">Whether a space is put before the text.</param>
    /// <param name="file">The file, for the error.</param>
    /// <exception cref="EspalierException">The name stands for a split that is not read.</exception>
    public static JsonNode Of(string pre, bool addsSpace, string file) => pre switch
    {
        "llama-bpe" or "llama3" or "llama-v3" or "smaug-bpe" => Split(Llama3, addsSpace),
        "qwen2" => Split(Qwen2, addsSpace),
        "tekken" => Split(Tekken, addsSpace),
        "gpt-2" => Bytes(addsSpace, regex: true),
        "smollm" => new JsonObject
        {
            ["type"] = "Sequence",
            ["pretokenizers"] = new JsonArray(new JsonObject { ["type"] = "Digits", ["individual_digits"] = true },
                Bytes(addsSpace, regex: true)),
        },
        _ => throw new EspalierException($"{file}: the split '{pre}' (tokenizer.ggml.pre) is not read; known are gpt-2, llama-bpe, qwen2, "
            + "smaug-bpe, smollm and tekken"),
    };

    private static JsonObject Split(string regex, bool addsSpace) => new()
    {
        ["type"] = "Sequence",
        ["pretokenizers"] = new JsonArray(
            new JsonObject
            {
                ["type"] = "Split",
                ["pattern"] = new JsonObject { ["Regex"] = regex },
                ["behavior"] = "Isolated",
                ["invert"] = false,
            },
            Bytes(addsSpace, regex: false)),
    };

    private static JsonObject Bytes(bool addsSpace, bool regex) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = addsSpace,
        ["trim_offsets"] = true,
        ["use_regex"] = regex,
    };
}
