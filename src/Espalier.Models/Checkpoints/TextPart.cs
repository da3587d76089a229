using Espalier.Models.Families.Fields;

namespace Espalier.Models.Checkpoints;

/// <summary>
/// The text part of a model that takes pictures too (Gemma-3 from four billion parameters, Qwen3.5): the folder is read as if it held the
/// text model alone, and what is written from it is a text model. Its config stands in <c>text_config</c>, its tensors below
/// <c>language_model</c>.
/// </summary>
/// <param name="Fields">The <c>config.json</c> of the text model alone.</param>
/// <param name="Whole">The <c>model_type</c> of the whole.</param>
internal sealed record TextPart(JsonObject Fields, string Whole)
{
    private const string Config = "text_config", Type = "model_type";

    /// <summary>Files that say how pictures are prepared, which a text model does not take over.</summary>
    public static IReadOnlyList<string> FilesOfPictures { get; } = ["preprocessor_config.json", "processor_config.json"];

    // model_type of the whole, and of the text model where the file does not say.
    private static readonly Dictionary<string, string> s_text = new(StringComparer.Ordinal)
    {
        ["gemma3"] = "gemma3_text",
        ["qwen3_5"] = "qwen3_5_text",
    };

    // What of the whole's fields a text model has too, where its own config does not say.
    private static readonly string[] s_shared =
        ["tie_word_embeddings", "bos_token_id", "eos_token_id", "pad_token_id", "dtype", "torch_dtype", "transformers_version",
            "quantization_config"];

    // As files and as transformers 5 holds them; the order matters.
    private static readonly (string Prefix, string Own)[] s_prefixes =
        [("language_model.", ""), ("model.language_model.", "model."), ("lm_head.", "lm_head."), ("mtp.", "mtp.")];

    /// <summary>The text part of a config; null where the whole is text.</summary>
    /// <exception cref="EspalierException">It has none.</exception>
    public static TextPart? Of(JsonObject raw, string file)
    {
        var fields = new ConfigFields(raw, [], file);
        if (!raw.ContainsKey(Type) || fields.Text(Type) is not { } whole || !s_text.TryGetValue(whole, out var type))
            return null;
        if (!fields.Says(Config) || !fields.IsObject(Config))
            throw fields.Wrong(Config, $"a {whole} model must have the config of its text part there");
        var text = (JsonObject)raw[Config]!.DeepClone();
        text[Type] ??= type;
        foreach (var name in s_shared)
            if (text[name] is null && raw[name] is { } value)
                text[name] = value.DeepClone();
        return new(text, whole);
    }

    /// <summary>What a tensor of the whole is called in the text model; null where it is of another part.</summary>
    public static string? NameOf(string name)
    {
        foreach (var (prefix, own) in s_prefixes)
            if (name.StartsWith(prefix, StringComparison.Ordinal))
                return own + name[prefix.Length..];
        return null;
    }

    /// <summary>The sentence that says what is left out.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="left">Tensors that are left out; null where they were not looked at.</param>
    public string Note(string folder, int? left) =>
        $"{folder}: only the text part of a {Whole} model is read"
            + $"{(left is { } count ? $"; {count} tensors of its vision part are not" : "")}; "
            + "models made from it are text models, which take no pictures";
}
