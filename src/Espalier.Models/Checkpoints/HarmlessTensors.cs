using System.Text.RegularExpressions;

namespace Espalier.Models.Checkpoints;

/// <summary>
/// Tensors that a file may hold, or an index may list, without being parameters of the model; nothing that is computed here needs them.
/// </summary>
internal static partial class HarmlessTensors
{
    /// <summary>
    /// Rotary frequencies, which follow from the config: files of early Llama 2 hold them, transformers passes over them too.
    /// </summary>
    public static bool IsRotary(string name) => Rotary().IsMatch(name);

    /// <summary>Scales of a quantised key/value cache, which a server may use and the weights do not need.</summary>
    public static bool IsCacheScale(string name) => CacheScale().IsMatch(name);

    /// <summary>
    /// Those of a head that foresees further tokens (Qwen3-Next, Qwen3.5), with which a server may be faster; transformers passes over
    /// them.
    /// </summary>
    public static bool IsForesight(string name) => name.StartsWith("mtp.", StringComparison.Ordinal);

    /// <summary>Any of these.</summary>
    public static bool Contains(string name) => IsRotary(name) || IsCacheScale(name) || IsForesight(name);

    [GeneratedRegex(@"(^|\.)rotary_emb\.(original_)?inv_freq$", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Rotary();

    // The places where llm-compressor, AMD Quark, ModelOpt and vLLM's own tools put them.
    [GeneratedRegex(
        @"\.self_attn\.((attn\.|[qkv]_proj\.|qkv_proj\.)?(q|k|v|kv|prob)_scale|attn\.prob_output_scale|[kv]_proj\.output_scale)$",
        RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex CacheScale();
}
