using System.Text.Json.Nodes;
using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Families;

/// <summary>
/// Qwen3 with experts (30B-A3B, 235B-A22B): Qwen3's attention, and in most layers a mixture of experts in place of the feed-forward block.
/// </summary>
internal sealed class Qwen3Moe : Family
{
    // What transformers 5 writes for num_experts, which releases before it do not read.
    private const string NewerName = "num_local_experts";

    /// <inheritdoc/>
    public override string ModelType => "qwen3_moe";

    /// <inheritdoc/>
    public override string Architecture => "Qwen3MoeForCausalLM";

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
        (QueryNorm, "model.layers.{layer}.self_attn.q_norm.weight"),
        (KeyNorm, "model.layers.{layer}.self_attn.k_norm.weight"),
        (GateProjection, "model.layers.{layer}.mlp.gate_proj.weight"),
        (UpProjection, "model.layers.{layer}.mlp.up_proj.weight"),
        (DownProjection, "model.layers.{layer}.mlp.down_proj.weight"),
        (Router, "model.layers.{layer}.mlp.gate.weight"),
        (ExpertGateProjection, "model.layers.{layer}.mlp.experts.{expert}.gate_proj.weight"),
        (ExpertUpProjection, "model.layers.{layer}.mlp.experts.{expert}.up_proj.weight"),
        (ExpertDownProjection, "model.layers.{layer}.mlp.experts.{expert}.down_proj.weight"),
        (InputNorm, "model.layers.{layer}.input_layernorm.weight"),
        (PostAttentionNorm, "model.layers.{layer}.post_attention_layernorm.weight"),
        (FinalNorm, "model.norm.weight"),
        (Head, "lm_head.weight"));

    /// <inheritdoc/>
    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": null, "decoder_sparse_step": 1, "eos_token_id": null,
          "hidden_act": "silu", "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 6144,
          "max_position_embeddings": 32768, "mlp_only_layers": [], "moe_intermediate_size": 768, "norm_topk_prob": false,
          "num_attention_heads": 32, "num_experts": 128, "num_experts_per_tok": 8, "num_hidden_layers": 24, "num_key_value_heads": 4,
          "output_router_logits": false, "pad_token_id": null, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 10000.0,
          "router_aux_loss_coef": 0.001, "sliding_window": null, "tie_word_embeddings": false, "use_cache": true,
          "use_sliding_window": false, "vocab_size": 151936
        }
        """);

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Activations => ["silu", "swish"];

    /// <inheritdoc/>
    protected override bool FillsHeadDim => false;

    /// <inheritdoc/>
    protected override string? FieldOf(Axis axis, JsonObject fields) =>
        axis == Axis.Experts && fields.ContainsKey(NewerName) ? NewerName : axis.Field;

    /// <inheritdoc/>
    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields)
    {
        QwenLayers.RequireFull(fields);
        return common with
        {
            LayerKinds = KindsOf(fields, common.Layers),
            QueryKeyValueBias = fields.Bool("attention_bias"),
            AttentionOutputBias = fields.Bool("attention_bias"),
            Experts = fields.Int(fields.Says(NewerName) ? NewerName : "num_experts"),
            ExpertsPerToken = fields.Int("num_experts_per_tok"),
            ExpertIntermediateSize = fields.Int("moe_intermediate_size"),
            NormalizesExpertWeights = fields.Bool("norm_topk_prob"),
        };
    }

    /// <inheritdoc/>
    protected override void WriteSpecific(DecoderConfig target, JsonObject fields)
    {
        // The default of the older name has no place beside the newer one.
        if (fields.ContainsKey(NewerName))
            fields.Remove("num_experts");
        fields["attention_bias"] = target.QueryKeyValueBias;
        fields["norm_topk_prob"] = target.NormalizesExpertWeights;
        ConfigJson.Set(fields, "num_experts_per_tok", target.ExpertsPerToken);
        if (KindsOf(new(fields, Defaults, "config.json"), target.Layers).Equals(target.LayerKinds))
            return;
        fields["decoder_sparse_step"] = 1;
        fields["mlp_only_layers"] = new JsonArray(
            [.. Enumerable.Range(0, target.Layers).Where(layer => !target.LayerKinds[layer].HasExperts)
                .Select(layer => JsonValue.Create(layer))]);
    }

    // A layer has experts where it is one of every so many and not named as one without them.
    private static LayerKinds KindsOf(ConfigFields fields, int layers)
    {
        var (step, without) = (fields.Int("decoder_sparse_step"), fields.Ids("mlp_only_layers"));
        return LayerKinds.Of(Enumerable.Range(0, layers).Select(layer => new LayerKind
        {
            HeadNorms = HeadNormKind.EachHead,
            HasExperts = (layer + 1) % step == 0 && !without.Contains(layer),
        }));
    }
}
