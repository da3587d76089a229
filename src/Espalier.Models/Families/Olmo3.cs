using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>
/// OLMo-3: OLMo-2 with a window in three layers of four. Frequencies are scaled in the other layers alone: so its authors, transformers
/// 4.57, vLLM and llama.cpp have it; releases of transformers 5 up to 5.12 scale them everywhere.
/// </summary>
internal sealed class Olmo3() : Family("olmo3", "Olmo3ForCausalLM")
{
    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. BiasedAttention, QueryRowNorm, KeyRowNorm, .. Mlp, AttentionOutputNorm, MlpOutputNorm, FinalNorm, Head]);

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": null, "eos_token_id": 50279, "hidden_act": "silu",
          "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 11008, "max_position_embeddings": 2048,
          "num_attention_heads": 32, "num_hidden_layers": 32, "num_key_value_heads": null, "pad_token_id": 1, "rms_norm_eps": 1e-05,
          "rope_scaling": null, "rope_theta": 10000.0, "sliding_window": 4096, "tie_word_embeddings": false, "use_cache": true,
          "vocab_size": 50304
        }
        """);

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields)
    {
        var full = new LayerKind { Norms = NormPlacement.After, HeadNorms = HeadNormKind.AllHeads };
        var plain = common.Rotary with { Scaling = null };
        var sliding = full with { SlidingWindow = fields.Int("sliding_window"), Rotary = plain == common.Rotary ? null : plain };
        return common with
        {
            LayerKinds = LayerKinds.Of(LayerTypes.Windows(fields, common.Layers, layer => (layer + 1) % 4 != 0)
                .Select(window => window is null ? full : sliding)),
        };
    }

    protected override void WriteSpecific(DecoderConfig target, JsonObject fields) => LayerTypes.Write(target, fields);
}
