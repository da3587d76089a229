using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>SmolLM3: Llama's layout, with queries and keys that do not turn in every fourth layer.</summary>
internal sealed class SmolLm3() : Family("smollm3", "SmolLM3ForCausalLM")
{
    private const string Turning = "no_rope_layers";

    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. BiasedAttention, .. BiasedMlp, InputNorm, PostAttentionNorm, FinalNorm, Head]);

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_bias": false, "attention_dropout": 0.0, "bos_token_id": 128000, "eos_token_id": 128001, "hidden_act": "silu",
          "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 11008, "max_position_embeddings": 32768, "mlp_bias": false,
          "no_rope_layer_interval": 4, "num_attention_heads": 16, "num_hidden_layers": 36, "num_key_value_heads": 4,
          "pad_token_id": 128004, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 2000000.0, "sliding_window": null,
          "tie_word_embeddings": true, "use_cache": true, "use_sliding_window": false, "vocab_size": 128256
        }
        """);

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields)
    {
        // A window that is switched off would still be in the masks of layers that layer_types gives it.
        var windows = LayerTypes.Windows(fields, common.Layers, static _ => false);
        if (fields.Bool("use_sliding_window") || windows.Any(window => window is not null))
            throw fields.Wrong(fields.Bool("use_sliding_window") ? "use_sliding_window" : "layer_types",
                "sliding windows are not supported in this family; models trained without them set false and full_attention");
        return common with
        {
            LayerKinds = LayerKinds.Of(Turns(fields, common.Layers).Select(turns => new LayerKind { IsRotary = turns })),
        };
    }

    protected override void WriteSpecific(DecoderConfig target, JsonObject fields)
    {
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
