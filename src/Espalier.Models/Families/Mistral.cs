using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>Mistral 7B and Mistral-NeMo, whose head_dim is not hidden / heads.</summary>
internal sealed class Mistral() : Family("mistral", "MistralForCausalLM")
{
    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. Attention, .. Mlp, InputNorm, PostAttentionNorm, FinalNorm, Head]);

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_dropout": 0.0, "bos_token_id": 1, "eos_token_id": 2, "head_dim": null, "hidden_act": "silu",
          "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 14336, "max_position_embeddings": 131072,
          "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": 8, "rms_norm_eps": 1e-06,
          "rope_theta": 10000.0, "sliding_window": 4096, "tie_word_embeddings": false, "use_cache": true, "vocab_size": 32000
        }
        """);

    protected override bool FillsHeadDim => false;

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields) => common with
    {
        LayerKinds = LayerKinds.All(new() { SlidingWindow = fields.OptionalInt("sliding_window") }),
    };

    protected override void WriteSpecific(DecoderConfig target, JsonObject fields) =>
        ConfigJson.Set(fields, "sliding_window", target.LayerKinds[0].SlidingWindow);
}
