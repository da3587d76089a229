using System.Text.Json.Nodes;
using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Families;

/// <summary>SmolLM3: Llama's layout, with queries and keys that do not turn in every fourth layer.</summary>
internal sealed class SmolLm3 : Family
{
    private const string Turning = "no_rope_layers";

    /// <inheritdoc/>
    public override string ModelType => "smollm3";

    /// <inheritdoc/>
    public override string Architecture => "SmolLM3ForCausalLM";

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
        (GateProjection, "model.layers.{layer}.mlp.gate_proj.weight"),
        (GateProjectionBias, "model.layers.{layer}.mlp.gate_proj.bias"),
        (UpProjection, "model.layers.{layer}.mlp.up_proj.weight"),
        (UpProjectionBias, "model.layers.{layer}.mlp.up_proj.bias"),
        (DownProjection, "model.layers.{layer}.mlp.down_proj.weight"),
        (DownProjectionBias, "model.layers.{layer}.mlp.down_proj.bias"),
        (InputNorm, "model.layers.{layer}.input_layernorm.weight"),
        (PostAttentionNorm, "model.layers.{layer}.post_attention_layernorm.weight"),
        (FinalNorm, "model.norm.weight"),
        (Head, "lm_head.weight"));

    /// <inheritdoc/>
    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 128000, "eos_token_id": 128001, "hidden_act": "silu",
          "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 11008, "max_position_embeddings": 32768, "mlp_bias": false,
          "no_rope_layer_interval": 4, "num_attention_heads": 16, "num_hidden_layers": 36, "num_key_value_heads": 4,
          "pad_token_id": 128004, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 2000000.0, "sliding_window": null,
          "tie_word_embeddings": true, "use_cache": true, "use_sliding_window": false, "vocab_size": 128256
        }
        """);

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Activations => ["silu", "swish"];

    /// <inheritdoc/>
    protected override bool FillsHeadDim => false;

    /// <inheritdoc/>
    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields)
    {
        // A window that is switched off would still be in the masks of layers that layer_types gives it.
        var windows = LayerTypes.Windows(fields, common.Layers, static _ => false);
        if (fields.Bool("use_sliding_window") || windows.Any(window => window is not null))
            throw fields.Wrong(fields.Bool("use_sliding_window") ? "use_sliding_window" : "layer_types",
                "windows are not supported in this family; models that were trained without them say false and full_attention");
        return common with
        {
            QueryKeyValueBias = fields.Bool("attention_bias"),
            AttentionOutputBias = fields.Bool("attention_bias"),
            MlpBias = fields.Bool("mlp_bias"),
            LayerKinds = LayerKinds.Of(Turns(fields, common.Layers).Select(turns => new LayerKind { IsRotary = turns })),
        };
    }

    /// <inheritdoc/>
    protected override void WriteSpecific(DecoderConfig target, JsonObject fields)
    {
        fields["attention_bias"] = target.QueryKeyValueBias;
        fields["mlp_bias"] = target.MlpBias;
        fields[Turning] = new JsonArray(
            [.. Enumerable.Range(0, target.Layers).Select(layer => JsonValue.Create(target.LayerKinds[layer].IsRotary ? 1 : 0))]);
        LayerTypes.Write(target, fields);
    }

    // The list has a 1 where a layer turns, whatever its name says.
    private static IEnumerable<bool> Turns(ConfigFields fields, int layers)
    {
        var given = fields.Ids(Turning);
        if (!fields.Says(Turning))
        {
            var interval = fields.Int("no_rope_layer_interval");
            return Enumerable.Range(1, layers).Select(layer => layer % interval != 0);
        }
        return given.Count >= layers && given.All(turns => turns is 0 or 1)
            ? given.Take(layers).Select(turns => turns == 1)
            : throw fields.Wrong(Turning, $"it must have 0 or 1 for each of the {layers} layers");
    }
}
