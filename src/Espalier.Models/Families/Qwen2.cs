using Espalier.Models.Families.Fields;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Families;

/// <summary>Qwen2 and Qwen2.5: query, key and value projections have biases, the output projection none.</summary>
internal sealed class Qwen2() : Family("qwen2", "Qwen2ForCausalLM")
{
    public override ParameterTable Table { get; } = new(CommonNames.All,
        [Embedding, .. BiasedQueriesKeysValues, OutputProjection, .. Mlp, InputNorm, PostAttentionNorm, FinalNorm, Head]);

    protected override JsonObject Defaults { get; } = ConfigJson.Object("""
        {
          "attention_dropout": 0.0, "hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 22016,
          "max_position_embeddings": 32768, "max_window_layers": 28, "num_attention_heads": 32, "num_hidden_layers": 32,
          "num_key_value_heads": 32, "rms_norm_eps": 1e-06, "rope_scaling": null, "rope_theta": 10000.0, "sliding_window": null,
          "tie_word_embeddings": false, "use_cache": true, "use_sliding_window": false, "vocab_size": 151936
        }
        """);

    protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields)
    {
        QwenLayers.RequireFull(fields);
        return common with { QueryKeyValueBias = true };
    }

    protected override void WriteSpecific(DecoderConfig target, JsonObject fields) => QwenLayers.Write(target, fields);
}
