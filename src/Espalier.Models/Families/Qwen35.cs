using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>
/// Qwen3.5 (dense, text): three layers of four are linear attention by the gated delta rule (arXiv 2412.06464), the others attention whose
/// output has a gate, and a quarter of whose heads turns. Norms are stored less one.
/// </summary>
internal sealed class Qwen35() : Family("qwen3_5_text", "Qwen3_5ForCausalLM")
{
    // As transformers 5 holds the text part of a model that takes pictures too.
    private const string WholePrefix = "model.language_model.";

    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. LinearAttention, QueryProjection, QueryGateProjection, QueryProjectionBias, QueryGateProjectionBias, KeyProjection,
            KeyProjectionBias, ValueProjection, ValueProjectionBias, OutputProjection, OutputProjectionBias, QueryNorm, KeyNorm, .. Mlp,
            InputNorm, PostAttentionNorm, FinalNorm, Head],
        (DeltaQueryProjection, "model.layers.{layer}.linear_attn.in_proj_qkv.weight#q"),
        (DeltaKeyProjection, "model.layers.{layer}.linear_attn.in_proj_qkv.weight#k"),
        (DeltaValueProjection, "model.layers.{layer}.linear_attn.in_proj_qkv.weight#v"),
        (DeltaGateProjection, "model.layers.{layer}.linear_attn.in_proj_z.weight"),
        (DeltaStrengthProjection, "model.layers.{layer}.linear_attn.in_proj_b.weight"),
        (DeltaStepProjection, "model.layers.{layer}.linear_attn.in_proj_a.weight"),
        (QueryProjection, "model.layers.{layer}.self_attn.q_proj.weight#heads:query"),
        (QueryProjectionBias, "model.layers.{layer}.self_attn.q_proj.bias#heads:query"));

    /// <summary>Those of transformers 5.12.</summary>
    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": null, "eos_token_id": null, "head_dim": 256,
          "hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 12288, "linear_conv_kernel_dim": 4,
          "linear_key_head_dim": 128, "linear_num_key_heads": 16, "linear_num_value_heads": 32, "linear_value_head_dim": 128,
          "max_position_embeddings": 32768, "num_attention_heads": 16, "num_hidden_layers": 32, "num_key_value_heads": 4,
          "pad_token_id": null, "partial_rotary_factor": 0.25, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 10000.0,
          "tie_word_embeddings": false, "use_cache": true, "vocab_size": 248320
        }
        """);

    protected internal override bool TurnsPartly => true;

    public override string NameIn(string stored) =>
        stored.StartsWith(WholePrefix, StringComparison.Ordinal) ? $"model.{stored[WholePrefix.Length..]}" : stored;

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields) => common with
    {
        Norm = NormKind.RmsNorm1p,
        LayerKinds = LayerKinds.Of(LinearLayers.KindsOf(fields, common.Layers)),
        Delta = LinearLayers.Sizes(fields),
    };

    protected override void WriteSpecific(DecoderConfig target, JsonObject fields) => LinearLayers.Write(target, fields);
}
