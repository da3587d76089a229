using System.Text.Json.Nodes;
using Espalier.Models.Tokenizers.Splitting;

namespace Espalier.Models.Gguf.Import;

/// <summary>The pre-tokenizers that llama.cpp's names <c>tokenizer.ggml.pre</c> stand for.</summary>
internal static class ImportedSplit
{
    // llama.cpp's other names of Llama 3's split, each for the model that has it: pixtral is Nemotron-Nano-2's, too.
    private static readonly string[] s_llama3 = ["llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2"];

    /// <summary>Whether a whole word of the vocabulary is taken before any merge.</summary>
    public static bool TakesWholeWords(string pre) => pre == "tekken" || s_llama3.Contains(pre);

    /// <summary>Whether llama.cpp puts BOS before texts where the file does not say.</summary>
    public static bool AddsBos(string pre) => TakesWholeWords(pre);

    /// <summary>The node of <c>tokenizer.json</c>.</summary>
    /// <param name="pre">llama.cpp's name.</param>
    /// <param name="addsSpace">Whether a space is put before the text.</param>
    /// <param name="file">The file, for the error.</param>
    /// <exception cref="EspalierException">The name stands for a split that is not read.</exception>
    public static JsonNode Of(string pre, bool addsSpace, string file) => pre switch
    {
        "smaug-bpe" => Split(SplitScanner.Llama3, addsSpace),
        _ when s_llama3.Contains(pre) => Split(SplitScanner.Llama3, addsSpace),
        "qwen2" => Split(SplitScanner.Qwen2, addsSpace),
        "tekken" => Split(SplitScanner.Tekken, addsSpace),
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
