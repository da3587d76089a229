using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>Nemotron-3 and -4, and the Minitron models cut from them: LayerNorm1p, squared ReLU without a gate, partial rotary.</summary>
internal sealed class Nemotron() : Family("nemotron", "NemotronForCausalLM")
{
    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. BiasedAttention, .. BiasedPlainMlp, InputNorm, InputNormBias, PostAttentionNorm, PostAttentionNormBias, FinalNorm,
            FinalNormBias, Head]);

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 2, "eos_token_id": 3, "head_dim": null,
          "hidden_act": "relu2", "hidden_size": 6144, "initializer_range": 0.0134, "intermediate_size": 24576,
          "max_position_embeddings": 4096, "mlp_bias": false, "norm_eps": 1e-05, "num_attention_heads": 48,
          "num_hidden_layers": 32, "num_key_value_heads": null, "partial_rotary_factor": 0.5, "rope_theta": 10000.0,
          "tie_word_embeddings": false, "use_cache": true, "vocab_size": 256000
        }
        """);

    protected override IReadOnlyList<string> Activations => ["relu2"];

    protected internal override string EpsilonField => "norm_eps";

    protected internal override bool TurnsPartly => true;

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields) => common with
    {
        Norm = NormKind.LayerNorm1p,
        LayerKinds = LayerKinds.All(new() { Activation = ActivationKind.SquaredRelu }),
    };
}
