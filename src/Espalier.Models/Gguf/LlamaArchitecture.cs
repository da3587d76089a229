using System.Globalization;
using Espalier.Models.Families;

namespace Espalier.Models.Gguf;

/// <summary>
/// llama.cpp's architecture <c>llama</c>, which runs Llama 2 to 3.2, Mistral and Mistral-NeMo: what it can express, its
/// metadata keys, and its names of the parameters.
/// </summary>
internal static class LlamaArchitecture
{
    public const string Name = "llama";

    private static readonly string[] s_families = ["llama", "mistral"];

    /// <summary>Refuses what llama.cpp would load and compute differently, or not load at all.</summary>
    public static void Require(DecoderConfig config, string folder)
    {
        if (!s_families.Contains(config.Family))
            throw Refuse($"the family '{config.Family}' is not exported yet; {string.Join(" and ", s_families)} are");
        if (config.Norm != NormKind.RmsNorm)
            throw Refuse($"the architecture {Name} has RMSNorm; this model has {config.Norm}");
        if (config.LayerKinds.Select(kind => kind with { SlidingWindow = null })
            .FirstOrDefault(kind => kind != new LayerKind()) is { } other)
            throw Refuse($"the layers of the architecture {Name} are all as in Llama; this model has one that is {other}");
        if (config.Rotary.Fraction != 1.0)
            throw Refuse($"the architecture {Name} rotates whole heads; this model rotates {config.Rotary.Fraction} of each");
        if (config.HeadDim % 2 != 0)
            throw Refuse($"head_dim {config.HeadDim} is odd and cannot be rotated in pairs");

        EspalierException Refuse(string why) => new($"{folder}: cannot be exported to GGUF: {why}");
    }

    /// <summary>The keys that describe the shape.</summary>
    public static void Describe(DecoderConfig config, GgufMetadata metadata)
    {
        // llama.cpp's llama attends to everything before; within one window that is what the model does too.
        metadata.Add("llama.context_length",
            (uint)Math.Min(config.MaxPositions, config.LayerKinds.Min(kind => kind.SlidingWindow ?? int.MaxValue)));
        metadata.Add("llama.embedding_length", (uint)config.HiddenSize);
        metadata.Add("llama.block_count", (uint)config.Layers);
        metadata.Add("llama.feed_forward_length", (uint)config.IntermediateSize);
        metadata.Add("llama.attention.head_count", (uint)config.QueryHeads);
        metadata.Add("llama.attention.head_count_kv", (uint)config.KeyValueHeads);
        // Always, for the default is hidden / heads, which pruning breaks.
        metadata.Add("llama.attention.key_length", (uint)config.HeadDim);
        metadata.Add("llama.attention.value_length", (uint)config.HeadDim);
        metadata.Add("llama.attention.layer_norm_rms_epsilon", (float)config.NormEpsilon);
        metadata.Add("llama.rope.dimension_count", (uint)config.HeadDim);
        metadata.Add("llama.rope.freq_base", (float)config.Rotary.Theta);
        metadata.Add("llama.vocab_size", (uint)config.VocabularySize);
        switch (config.Rotary.Scaling)
        {
            case RotaryScaling.Linear linear:
                metadata.Add("llama.rope.scaling.type", "linear");
                metadata.Add("llama.rope.scaling.factor", (float)linear.Factor);
                break;
            case RotaryScaling.Yarn yarn when !RotaryFactors.HasKeys(yarn):
                metadata.Add("llama.rope.scaling.attn_factor", (float)yarn.AttentionFactor);
                break;
            case RotaryScaling.Yarn yarn:
                metadata.Add("llama.rope.scaling.type", "yarn");
                metadata.Add("llama.rope.scaling.factor", (float)yarn.Factor);
                metadata.Add("llama.rope.scaling.original_context_length", (uint)yarn.OriginalMaxPositions);
                // llama.cpp multiplies this by the usual 0.1 ln(factor) + 1 itself.
                metadata.Add("llama.rope.scaling.attn_factor", (float)(yarn.AttentionFactor / (0.1 * Math.Log(yarn.Factor) + 1.0)));
                break;
        }
    }

    /// <summary>llama.cpp's name of a parameter.</summary>
    public static string NameOf(Parameter parameter)
    {
        var name = parameter.Role switch
        {
            ParameterRole.Embedding => "token_embd.weight",
            ParameterRole.FinalNorm => "output_norm.weight",
            ParameterRole.Head => "output.weight",
            ParameterRole.InputNorm => "attn_norm.weight",
            ParameterRole.QueryProjection => "attn_q.weight",
            ParameterRole.QueryProjectionBias => "attn_q.bias",
            ParameterRole.KeyProjection => "attn_k.weight",
            ParameterRole.KeyProjectionBias => "attn_k.bias",
            ParameterRole.ValueProjection => "attn_v.weight",
            ParameterRole.ValueProjectionBias => "attn_v.bias",
            ParameterRole.OutputProjection => "attn_output.weight",
            ParameterRole.OutputProjectionBias => "attn_output.bias",
            ParameterRole.PostAttentionNorm => "ffn_norm.weight",
            ParameterRole.GateProjection => "ffn_gate.weight",
            ParameterRole.GateProjectionBias => "ffn_gate.bias",
            ParameterRole.UpProjection => "ffn_up.weight",
            ParameterRole.UpProjectionBias => "ffn_up.bias",
            ParameterRole.DownProjection => "ffn_down.weight",
            ParameterRole.DownProjectionBias => "ffn_down.bias",
            _ => throw new EspalierException($"the GGUF architecture {Name} has no place for {parameter.Role}"),
        };
        return parameter.Layer < 0 ? name : string.Create(CultureInfo.InvariantCulture, $"blk.{parameter.Layer}.{name}");
    }
}
