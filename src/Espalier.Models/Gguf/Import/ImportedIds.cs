namespace Espalier.Models.Gguf.Import;

/// <summary>Ids of special tokens, from the keys <c>tokenizer.ggml.*_token_id</c>.</summary>
internal static class ImportedIds
{
    /// <summary>The key of what begins a text.</summary>
    public const string Bos = "tokenizer.ggml.bos_token_id";

    /// <summary>The key of what ends a text.</summary>
    public const string Eos = "tokenizer.ggml.eos_token_id";

    /// <summary>The key of what stands for what cannot be written.</summary>
    public const string Unknown = "tokenizer.ggml.unknown_token_id";

    /// <summary>The key of what fills up a batch.</summary>
    public const string Padding = "tokenizer.ggml.padding_token_id";

    // llama.cpp stops at any of them.
    private static readonly string[] s_ends = [Eos, "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"];

    /// <summary>Puts them into a config.</summary>
    public static void Read(GgufFile file, JsonObject fields)
    {
        fields["bos_token_id"] = Of(file, Bos);
        fields["eos_token_id"] = Of(file, Eos);
        if (Of(file, Padding) is { } padding)
            fields["pad_token_id"] = padding;
    }

    /// <summary>The <c>generation_config.json</c> of a file with more than one end; null where the config says all.</summary>
    public static JsonObject? Generation(GgufFile file)
    {
        int[] ends = [.. s_ends.Select(key => Of(file, key)).OfType<int>().Distinct()];
        return ends.Length < 2 ? null
            : new() { ["bos_token_id"] = Of(file, Bos), ["eos_token_id"] = new JsonArray([.. ends.Select(id => JsonValue.Create(id))]) };
    }

    /// <summary>An id; null where the file has none, or one that is no token.</summary>
    public static int? Of(GgufFile file, string key)
    {
        var tokens = file.Metadata.Find("tokenizer.ggml.tokens") is string[] list ? list.Length : 0;
        return file.Metadata.Find(key) switch
        {
            uint id when id < tokens => (int)id,
            int id when id >= 0 && id < tokens => id,
            _ => null,
        };
    }
}
