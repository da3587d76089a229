using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>Granite 3 (dense): the layout of Llama, with multipliers of the embedding, the residual, attention and the logits.</summary>
internal sealed class Granite() : Family("granite", "GraniteForCausalLM")
{
    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. BiasedAttention, .. BiasedMlp, InputNorm, PostAttentionNorm, FinalNorm, Head]);

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": false, "attention_dropout": 0.0, "attention_multiplier": 1.0, "bos_token_id": 1, "embedding_multiplier": 1.0,
          "eos_token_id": 2, "hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 11008,
          "logits_scaling": 1.0, "max_position_embeddings": 2048, "mlp_bias": false, "num_attention_heads": 32, "num_hidden_layers": 32,
          "num_key_value_heads": null, "residual_multiplier": 1.0, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 10000.0,
          "tie_word_embeddings": false, "use_cache": true, "vocab_size": 32000
        }
        """);

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields) => common with
    {
        LayerKinds = LayerKinds.All(new() { AttentionScale = fields.Positive("attention_multiplier") }),
        EmbeddingScale = fields.Positive("embedding_multiplier"),
        ResidualScale = fields.Positive("residual_multiplier"),
        LogitDivisor = fields.Positive("logits_scaling"),
    };

    protected override void WriteSpecific(DecoderConfig target, JsonObject fields)
    {
        ConfigJson.SetFloat(fields, "attention_multiplier", target.LayerKinds[0].AttentionScale ?? 1 / Math.Sqrt(target.HeadDim));
        ConfigJson.SetFloat(fields, "embedding_multiplier", target.EmbeddingScale);
        ConfigJson.SetFloat(fields, "residual_multiplier", target.ResidualScale);
        ConfigJson.SetFloat(fields, "logits_scaling", target.LogitDivisor);
    }
}
