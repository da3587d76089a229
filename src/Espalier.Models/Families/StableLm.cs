using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>StableLM 3B and StableLM 2 1.6B: Llama's block with LayerNorm, heads that turn in part, biases of q, k and v.</summary>
internal sealed class StableLm() : Family("stablelm", "StableLmForCausalLM")
{
    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. BiasedQueriesKeysValues, OutputProjection, .. Mlp, InputNorm, InputNormBias, PostAttentionNorm,
            PostAttentionNormBias, FinalNorm, FinalNormBias, Head]);

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_dropout": 0.0, "bos_token_id": 0, "eos_token_id": 0, "hidden_act": "silu", "hidden_dropout": 0.0, "hidden_size": 2560,
          "initializer_range": 0.02, "intermediate_size": 6912, "layer_norm_eps": 1e-05, "max_position_embeddings": 4096,
          "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 32, "pad_token_id": null,
          "partial_rotary_factor": 0.25, "qk_layernorm": false, "rope_theta": 10000.0, "tie_word_embeddings": false, "use_cache": true,
          "use_parallel_residual": false, "use_qkv_bias": false, "vocab_size": 50304
        }
        """);

    protected internal override string EpsilonField => "layer_norm_eps";

    protected internal override bool TurnsPartly => true;

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields)
    {
        foreach (var (field, what) in (ReadOnlySpan<(string, string)>)[
            ("use_parallel_residual", "attention and the feed-forward block one after the other"),
            ("qk_layernorm", "queries and keys without norms")])
            if (fields.Bool(field))
                throw fields.Wrong(field, $"only {what} are supported in a stablelm model (StableLM 3B and StableLM 2 1.6B)");
        return common with { Norm = NormKind.LayerNorm, QueryKeyValueBias = fields.Bool("use_qkv_bias") };
    }

    protected override void WriteSpecific(DecoderConfig target, JsonObject fields) => fields["use_qkv_bias"] = target.QueryKeyValueBias;
}
