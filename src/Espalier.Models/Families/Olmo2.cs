using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>OLMo-2: norms after attention and after the feed-forward block, and queries and keys normed over all heads.</summary>
internal sealed class Olmo2() : Family("olmo2", "Olmo2ForCausalLM")
{
    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. BiasedAttention, QueryRowNorm, KeyRowNorm, .. Mlp, AttentionOutputNorm, MlpOutputNorm, FinalNorm, Head]);

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": null, "eos_token_id": 50279, "hidden_act": "silu",
          "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 11008, "max_position_embeddings": 2048,
          "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": null, "pad_token_id": 1, "rms_norm_eps": 1e-05,
          "rope_scaling": null, "rope_theta": 10000.0, "tie_word_embeddings": false, "use_cache": true, "vocab_size": 50304
        }
        """);

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields) => common with
    {
        LayerKinds = LayerKinds.All(new() { Norms = NormPlacement.After, HeadNorms = HeadNormKind.AllHeads }),
    };
}
