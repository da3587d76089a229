using System.Text.Json.Nodes;
using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Families;

/// <summary>OLMo-2: norms after attention and after the feed-forward block, and queries and keys normed over all heads.</summary>
internal sealed class Olmo2 : Family
{
    /// <inheritdoc/>
    public override string ModelType => "olmo2";

    /// <inheritdoc/>
    public override string Architecture => "Olmo2ForCausalLM";

    /// <inheritdoc/>
    public override ParameterTable Table { get; } = new(
        (Embedding, "model.embed_tokens.weight"),
        (QueryProjection, "model.layers.{layer}.self_attn.q_proj.weight"),
        (QueryProjectionBias, "model.layers.{layer}.self_attn.q_proj.bias"),
        (KeyProjection, "model.layers.{layer}.self_attn.k_proj.weight"),
        (KeyProjectionBias, "model.layers.{layer}.self_attn.k_proj.bias"),
        (ValueProjection, "model.layers.{layer}.self_attn.v_proj.weight"),
        (ValueProjectionBias, "model.layers.{layer}.self_attn.v_proj.bias"),
        (OutputProjection, "model.layers.{layer}.self_attn.o_proj.weight"),
        (OutputProjectionBias, "model.layers.{layer}.self_attn.o_proj.bias"),
        (QueryRowNorm, "model.layers.{layer}.self_attn.q_norm.weight"),
        (KeyRowNorm, "model.layers.{layer}.self_attn.k_norm.weight"),
        (GateProjection, "model.layers.{layer}.mlp.gate_proj.weight"),
        (UpProjection, "model.layers.{layer}.mlp.up_proj.weight"),
        (DownProjection, "model.layers.{layer}.mlp.down_proj.weight"),
        (AttentionOutputNorm, "model.layers.{layer}.post_attention_layernorm.weight"),
        (MlpOutputNorm, "model.layers.{layer}.post_feedforward_layernorm.weight"),
        (FinalNorm, "model.norm.weight"),
        (Head, "lm_head.weight"));

    /// <inheritdoc/>
    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": null, "eos_token_id": 50279, "hidden_act": "silu",
          "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 11008, "max_position_embeddings": 2048,
          "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": null, "pad_token_id": 1, "rms_norm_eps": 1e-05,
          "rope_scaling": null, "rope_theta": 10000.0, "tie_word_embeddings": false, "use_cache": true, "vocab_size": 50304
        }
        """);

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Activations => ["silu", "swish"];

    /// <inheritdoc/>
    protected override bool FillsHeadDim => false;

    /// <inheritdoc/>
    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields) => common with
    {
        QueryKeyValueBias = fields.Bool("attention_bias"),
        AttentionOutputBias = fields.Bool("attention_bias"),
        LayerKinds = LayerKinds.All(new() { Norms = NormPlacement.After, HeadNorms = HeadNormKind.AllHeads }),
    };

    /// <inheritdoc/>
    protected override void WriteSpecific(DecoderConfig target, JsonObject fields) =>
        fields["attention_bias"] = target.QueryKeyValueBias;
}
