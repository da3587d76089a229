using System.Text.Json.Nodes;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Families;

/// <summary>
/// Gemma-2: four norms in a block, with weights stored less one, GELU gates, caps of scores and logits, and a window in every other layer.
/// </summary>
internal sealed class Gemma2 : Family
{
    private const string Full = "full_attention", Sliding = "sliding_attention";

    /// <inheritdoc/>
    public override string ModelType => "gemma2";

    /// <inheritdoc/>
    public override string Architecture => "Gemma2ForCausalLM";

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
        (UpProjection, "model.layers.{layer}.mlp.up_proj.weight"),
        (DownProjection, "model.layers.{layer}.mlp.down_proj.weight"),
        (InputNorm, "model.layers.{layer}.input_layernorm.weight"),
        (AttentionOutputNorm, "model.layers.{layer}.post_attention_layernorm.weight"),
        (PostAttentionNorm, "model.layers.{layer}.pre_feedforward_layernorm.weight"),
        (MlpOutputNorm, "model.layers.{layer}.post_feedforward_layernorm.weight"),
        (FinalNorm, "model.norm.weight"),
        (Head, "lm_head.weight"));

    /// <inheritdoc/>
    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": false, "attention_dropout": 0.0, "attn_logit_softcapping": 50.0, "bos_token_id": 2, "eos_token_id": 1,
          "final_logit_softcapping": 30.0, "head_dim": 256, "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 2304,
          "initializer_range": 0.02, "intermediate_size": 9216, "max_position_embeddings": 8192, "num_attention_heads": 8,
          "num_hidden_layers": 26, "num_key_value_heads": 4, "pad_token_id": 0, "query_pre_attn_scalar": 256, "rms_norm_eps": 1e-06,
          "rope_theta": 10000.0, "sliding_window": 4096, "tie_word_embeddings": true, "use_bidirectional_attention": null,
          "use_cache": true, "vocab_size": 256000
        }
        """);

    /// <inheritdoc/>
    protected override IReadOnlyList<string> Activations => ["gelu_pytorch_tanh"];

    /// <inheritdoc/>
    protected override string ActivationField => "hidden_activation";

    /// <inheritdoc/>
    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields)
    {
        if (fields.Bool("use_bidirectional_attention"))
            throw fields.Wrong("use_bidirectional_attention", "only causal attention is supported");
        var kind = new LayerKind
        {
            Norms = NormPlacement.Both,
            Activation = ActivationKind.GeGlu,
            AttentionScale = 1 / Math.Sqrt(fields.Positive("query_pre_attn_scalar")),
            ScoreCap = fields.OptionalDouble("attn_logit_softcapping"),
        };
        return common with
        {
            Norm = NormKind.RmsNorm1p,
            EmbeddingScalesByWidth = true,
            LogitCap = fields.OptionalDouble("final_logit_softcapping"),
            QueryKeyValueBias = fields.Bool("attention_bias"),
            AttentionOutputBias = fields.Bool("attention_bias"),
            LayerKinds = LayerKinds.Of(Windows(fields, common.Layers).Select(window => kind with { SlidingWindow = window })),
        };
    }

    /// <inheritdoc/>
    protected override void WriteSpecific(DecoderConfig target, JsonObject fields)
    {
        var kinds = Enumerable.Range(0, target.Layers).Select(layer => target.LayerKinds[layer]).ToArray();
        fields["attention_bias"] = target.QueryKeyValueBias;
        fields["layer_types"] =
            new JsonArray([.. kinds.Select(kind => JsonValue.Create(kind.SlidingWindow is null ? Full : Sliding))]);
        // Where no layer that stays has a window the field says nothing, and stays.
        if (kinds.Select(kind => kind.SlidingWindow).FirstOrDefault(window => window is not null) is { } window)
            ConfigJson.Set(fields, "sliding_window", window);
        SetOptional("attn_logit_softcapping", kinds[0].ScoreCap);
        SetOptional("final_logit_softcapping", target.LogitCap);
        var scale = kinds[0].AttentionScale ?? 1 / Math.Sqrt(target.HeadDim);
        if (ConfigJson.Number(fields["query_pre_attn_scalar"]) is not { } scalar || 1 / Math.Sqrt(scalar) != scale)
            ConfigJson.SetFloat(fields, "query_pre_attn_scalar", 1 / (scale * scale));

        void SetOptional(string name, double? value)
        {
            if (value is { } given)
                ConfigJson.SetFloat(fields, name, given);
            else
                fields[name] = null;
        }
    }

    // Without layer_types every other layer has the window, the first among them.
    private static IEnumerable<int?> Windows(ConfigFields fields, int layers)
    {
        var types = fields.Texts("layer_types");
        if (types.Count == 0)
            types = [.. Enumerable.Range(0, layers).Select(layer => layer % 2 == 0 ? Sliding : Full)];
        if (types.Count != layers)
            throw fields.Wrong("layer_types", $"it must have one entry for each of the {layers} layers");
        if (types.FirstOrDefault(type => type is not (Full or Sliding)) is not null)
            throw fields.Wrong("layer_types", $"a layer is {Sliding} or {Full}");
        var window = fields.OptionalInt("sliding_window");
        return types.Select(type => type == Sliding ? window : null);
    }
}
