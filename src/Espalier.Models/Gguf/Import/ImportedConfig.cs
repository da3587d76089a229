using Espalier.Models.Families;
using Espalier.Models.Gguf.Architectures;

namespace Espalier.Models.Gguf.Import;

/// <summary>The <c>config.json</c> that the keys and tensors of a GGUF file say.</summary>
/// <param name="Architecture">llama.cpp's architecture.</param>
/// <param name="Family">The family that it is read as.</param>
/// <param name="Fields">The fields that the file says something of; the others keep the family's defaults.</param>
/// <param name="Config">The decoder that they mean.</param>
internal sealed record ImportedConfig(GgufArchitecture Architecture, Family Family, JsonObject Fields, DecoderConfig Config)
{
    private const double Near = 1e-6;

    // Keys that say what the weights or the other keys say anyway, or how the file was made.
    private static readonly string[] s_idle = ["vocab_size", "context_length", "rope.scaling.finetuned", "attention.causal",
        "tensor_data_layout"];

    /// <summary>Reads it, and refuses what the family could not say: the config, written again, must give the file's keys.</summary>
    /// <exception cref="EspalierException">A key is missing, wrong, or means what no config can.</exception>
    public static ImportedConfig Read(GgufFile file)
    {
        var architecture = GgufArchitectures.Of(file);
        var keys = new GgufKeys(file, architecture.Name);
        var family = FamilyCatalog.For(architecture.FamilyOf(file), file.Path);
        var (hidden, heads) = (keys.Required("embedding_length"), Size("attention.head_count"));
        if (heads is null or 0)
            throw new EspalierException($"{file.Path}: {architecture.Name}.attention.head_count is 0");
        var headDim = keys.Whole("attention.key_length") ?? hidden / heads.Value;
        if (keys.Whole("attention.value_length") is { } valueDim && valueDim != headDim)
            throw new EspalierException($"{file.Path}: keys have {headDim} entries and values have {valueDim}; both must have the same "
                + "number");

        var fields = new JsonObject
        {
            ["model_type"] = family.ModelType,
            ["hidden_size"] = hidden,
            ["intermediate_size"] = Size("feed_forward_length") ?? keys.Required("feed_forward_length"),
            ["num_hidden_layers"] = keys.Required("block_count"),
            ["num_attention_heads"] = heads,
            ["num_key_value_heads"] = Size("attention.head_count_kv") is > 0 and var few ? few : heads,
            ["head_dim"] = headDim,
            ["max_position_embeddings"] = keys.Required("context_length"),
            ["vocab_size"] = (int)Math.Min(file["token_embd.weight"].Rows, int.MaxValue),
            ["tie_word_embeddings"] = !file.Contains("output.weight")
                || file.AreSame(file["output.weight"], file["token_embd.weight"]),
            [family.EpsilonField] = keys.Number("attention.layer_norm_rms_epsilon") ?? keys.Number("attention.layer_norm_epsilon")
                ?? throw new EspalierException($"{file.Path}: {architecture.Name}.attention.layer_norm_rms_epsilon is missing"),
        };
        foreach (var (field, tensor) in (ReadOnlySpan<(string, string)>)[("attention_bias", "attn_output.bias"),
            ("mlp_bias", "ffn_up.bias"), ("use_bias", "ffn_up.bias"), ("use_qkv_bias", "attn_q.bias"),
            ("use_conv_bias", "ssm_conv1d.bias")])
            if (family.DefaultFields.ContainsKey(field))
                fields[field] = file.Tensors.Any(one => one.Name.EndsWith($".{tensor}", StringComparison.Ordinal));
        if (architecture.HasRotary)
            ImportedRotary.Read(file, keys, architecture, family, headDim, fields);
        ImportedIds.Read(file, fields);
        architecture.ReadOwn(keys, fields);

        var read = new ImportedConfig(architecture, family, fields, family.ReadConfig(fields, file.Path));
        read.RequireSame(file);
        return read;

        int? Size(string key) => architecture.HasHalves ? keys.WholeOfSome(key) : keys.Whole(key);
    }

    /// <summary>Describes the config as an export would, and compares: what was not understood, or not read, differs.</summary>
    private void RequireSame(GgufFile file)
    {
        if (Architecture.Objection(Config) is { } objection)
            throw new EspalierException($"{file.Path}: {objection}");
        var written = new GgufMetadata();
        Architecture.Describe(Config, written);
        foreach (var (key, given) in file.Metadata)
        {
            if (!key.StartsWith($"{Architecture.Name}.", StringComparison.Ordinal)
                || s_idle.Contains(key[(Architecture.Name.Length + 1)..]))
                continue;
            var ours = written.Find(key);
            if (ours is null && !IsNeutral(key, given))
                throw new EspalierException($"{file.Path}: {key} is {Text(given)}, which the family {Family.ModelType} cannot express");
            if (ours is not null && !IsSame(ours, given))
                throw new EspalierException($"{file.Path}: {key} is {Text(given)}, but was read as {Text(ours)}");
        }
    }

    /// <summary>A key that an export leaves out because it changes nothing.</summary>
    private bool IsNeutral(string key, object given) => (key[(Architecture.Name.Length + 1)..], given) switch
    {
        (var rotary, _) when !Architecture.HasRotary && rotary.StartsWith("rope.", StringComparison.Ordinal) => true,
        ("rope.scaling.type", "none") => true,
        ("rope.scaling.factor" or "rope.scale_linear" or "rope.scaling.attn_factor", var value) => Number(value) is 1 or 0,
        ("expert_count" or "expert_used_count" or "attention.sliding_window" or "rope.scaling.original_context_length", var value) =>
            Number(value) == 0 || key.EndsWith("original_context_length", StringComparison.Ordinal) && Config.Rotary.Scaling is null,
        _ => false,
    };

    private static bool IsSame(object ours, object given) => ours is Array list
        ? given is Array other ? list.Length == other.Length && list.Cast<object>().Zip(other.Cast<object>(), IsSame).All(same => same)
            : list.Cast<object>().All(item => IsSame(item, given))
        : ours is string || given is string ? Equals(ours, given)
        : given is Array items ? items.Cast<object>().All(item => IsSame(ours, item))
        : Number(ours) is var a && Number(given) is var b && Math.Abs(a - b) <= Near * Math.Max(Math.Abs(a), Math.Abs(b));

    private static double Number(object value) => value is bool flag ? flag ? 1 : 0
        : value is IConvertible number and not string ? number.ToDouble(System.Globalization.CultureInfo.InvariantCulture) : double.NaN;

    private static string Text(object value) => value is Array items ? $"a list of {items.Length}"
        : Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? "";
}
