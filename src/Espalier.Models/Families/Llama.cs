using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>Llama 2, 3, 3.1 and 3.2 (text), and what shares their layout.</summary>
internal sealed class Llama() : Family("llama", "LlamaForCausalLM")
{
    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. BiasedAttention, .. BiasedMlp, InputNorm, PostAttentionNorm, FinalNorm, Head]);

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": 2, "head_dim": null,
          "hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 11008,
          "max_position_embeddings": 2048, "mlp_bias": false, "num_attention_heads": 32, "num_hidden_layers": 32,
          "num_key_value_heads": null, "pretraining_tp": 1, "rms_norm_eps": 1e-06, "rope_scaling": null,
          "rope_theta": 10000.0, "tie_word_embeddings": false, "use_cache": true, "vocab_size": 32000
        }
        """);
}
