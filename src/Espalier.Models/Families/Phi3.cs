using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>Phi-3 and Phi-4 (text): q, k and v are stored as one tensor, gate and up as another.</summary>
internal sealed class Phi3() : Family("phi3", "Phi3ForCausalLM")
{
    private const string Original = "original_max_position_embeddings";

    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. Attention, .. Mlp, InputNorm, PostAttentionNorm, FinalNorm, Head],
        (QueryProjection, "model.layers.{layer}.self_attn.qkv_proj.weight#q"),
        (KeyProjection, "model.layers.{layer}.self_attn.qkv_proj.weight#k"),
        (ValueProjection, "model.layers.{layer}.self_attn.qkv_proj.weight#v"),
        (GateProjection, "model.layers.{layer}.mlp.gate_up_proj.weight#gate"),
        (UpProjection, "model.layers.{layer}.mlp.gate_up_proj.weight#up"));

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_dropout": 0.0, "bos_token_id": 1, "embd_pdrop": 0.0, "eos_token_id": 32000, "hidden_act": "silu", "hidden_size": 3072,
          "initializer_range": 0.02, "intermediate_size": 8192, "max_position_embeddings": 4096, "num_attention_heads": 32,
          "num_hidden_layers": 32, "num_key_value_heads": null, "pad_token_id": 32000, "partial_rotary_factor": 1.0, "resid_pdrop": 0.0,
          "rms_norm_eps": 1e-05, "rope_scaling": null, "rope_theta": 10000.0, "sliding_window": null, "tie_word_embeddings": false,
          "use_cache": true, "vocab_size": 32064
        }
        """);

    protected internal override bool TurnsPartly => true;

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields)
    {
        // transformers takes 4096 where the length is not at the top level.
        if (common.Rotary.Scaling is LongRope { OriginalMaxPositions: not 4096 and var inside } && !fields.IsGiven(Original))
            throw fields.Wrong(Original,
                $"write it at the top level too: programs look for it there, not at the {inside} of the rotary scaling");
        return common with { LayerKinds = LayerKinds.All(new() { SlidingWindow = fields.OptionalInt("sliding_window") }) };
    }

    protected override void WriteSpecific(DecoderConfig target, JsonObject fields) =>
        ConfigJson.Set(fields, "sliding_window", target.LayerKinds[0].SlidingWindow);
}
