using Espalier.Models.Tokenizers.Splitting;

namespace Espalier.Models.Gguf.Import;

/// <summary>The pre-tokenizers that llama.cpp's names <c>tokenizer.ggml.pre</c> stand for.</summary>
internal static class ImportedSplit
{
    /// <summary>Whether a whole word of the vocabulary is taken before any merge.</summary>
    public static bool TakesWholeWords(string pre) => pre is "llama-bpe" or "llama3" or "llama-v3" or "falcon3" or "pixtral" or "tekken";

    /// <summary>Whether llama.cpp puts BOS before texts where the file does not say.</summary>
    public static bool AddsBos(string pre) => TakesWholeWords(pre);

    /// <summary>The node of <c>tokenizer.json</c>.</summary>
    /// <param name="pre">llama.cpp's name.</param>
    /// <param name="addsSpace">Whether a space is put before the text.</param>
    /// <param name="file">The file, for the error.</param>
    /// <exception cref="EspalierException">The name stands for a split that is not read.</exception>
    public static JsonNode Of(string pre, bool addsSpace, string file) => pre switch
    {
        "llama-bpe" or "llama3" or "llama-v3" or "falcon3" or "pixtral" or "smaug-bpe" or "dbrx" => Split(SplitScanner.Llama3, addsSpace),
        "qwen2" or "deepseek-r1-qwen" or "stablelm2" => Split(SplitScanner.Qwen2, addsSpace),
        "qwen35" => Split(SplitDescription.Qwen35, addsSpace),
        "tekken" => Split(SplitScanner.Tekken, addsSpace),
        "gpt-4o" or "llama4" => Split(SplitScanner.Gpt4o, addsSpace),
        "gpt-2" or "olmo" => Bytes(addsSpace, regex: true),
        "smollm" or "starcoder" or "refact" => Sequence(Digits(individual: true), Bytes(addsSpace, regex: true)),
        "deepseek-v3" => Sequence([.. SplitDescription.DeepSeek3.Select(Isolated), Bytes(addsSpace, regex: false)]),
        "falcon" => Sequence(new JsonObject { ["type"] = "Punctuation", ["behavior"] = "Contiguous" }, Bytes(addsSpace, regex: true),
            Digits(individual: false), Isolated(SplitDescription.ThreeDigits)),
        _ => throw new EspalierException($"{file}: the split '{pre}' (tokenizer.ggml.pre) is not supported; known: dbrx, deepseek-r1-qwen, "
            + "deepseek-v3, falcon, falcon3, gpt-2, gpt-4o, llama-bpe, llama4, olmo, pixtral, qwen2, qwen35, refact, smaug-bpe, smollm, "
            + "stablelm2, starcoder and tekken"),
    };

    private static JsonObject Split(string regex, bool addsSpace) => Sequence(Isolated(regex), Bytes(addsSpace, regex: false));

    private static JsonObject Sequence(params JsonNode[] steps) =>
        new() { ["type"] = "Sequence", ["pretokenizers"] = new JsonArray(steps) };

    private static JsonObject Digits(bool individual) => new() { ["type"] = "Digits", ["individual_digits"] = individual };

    private static JsonObject Isolated(string regex) => new()
    {
        ["type"] = "Split",
        ["pattern"] = new JsonObject { ["Regex"] = regex },
        ["behavior"] = "Isolated",
        ["invert"] = false,
    };

    private static JsonObject Bytes(bool addsSpace, bool regex) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = addsSpace,
        ["trim_offsets"] = true,
        ["use_regex"] = regex,
    };
}
