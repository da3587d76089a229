using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>StarCoder2: LayerNorm, GELU without a gate, biases of all projections, a window in every layer.</summary>
internal sealed class StarCoder2() : Family("starcoder2", "Starcoder2ForCausalLM")
{
    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. BiasedAttention, .. BiasedPlainMlp, InputNorm, InputNormBias, PostAttentionNorm, PostAttentionNormBias, FinalNorm,
            FinalNormBias, Head],
        (UpProjection, "model.layers.{layer}.mlp.c_fc.weight"),
        (UpProjectionBias, "model.layers.{layer}.mlp.c_fc.bias"),
        (DownProjection, "model.layers.{layer}.mlp.c_proj.weight"),
        (DownProjectionBias, "model.layers.{layer}.mlp.c_proj.bias"));

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_dropout": 0.0, "bos_token_id": 50256, "embedding_dropout": 0.0, "eos_token_id": 50256,
          "hidden_act": "gelu_pytorch_tanh", "hidden_size": 3072, "initializer_range": 0.018042, "intermediate_size": 12288,
          "max_position_embeddings": 4096, "norm_epsilon": 1e-05, "num_attention_heads": 24, "num_hidden_layers": 30,
          "num_key_value_heads": 2, "pad_token_id": null, "residual_dropout": 0.0, "rope_theta": 10000.0, "sliding_window": null,
          "tie_word_embeddings": true, "use_bias": true, "use_cache": true, "vocab_size": 49152
        }
        """);

    protected override IReadOnlyList<string> Activations => ["gelu_pytorch_tanh"];

    protected internal override string EpsilonField => "norm_epsilon";

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields)
    {
        var hasBias = fields.Bool("use_bias");
        return common with
        {
            Norm = NormKind.LayerNorm,
            LayerKinds = LayerKinds.All(
                new() { Activation = ActivationKind.Gelu, SlidingWindow = fields.OptionalInt("sliding_window") }),
            QueryKeyValueBias = hasBias,
            AttentionOutputBias = hasBias,
            MlpBias = hasBias,
        };
    }

    protected override void WriteSpecific(DecoderConfig target, JsonObject fields)
    {
        fields["use_bias"] = target.MlpBias;
        ConfigJson.Set(fields, "sliding_window", target.LayerKinds[0].SlidingWindow);
    }
}
