using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Families;
using Espalier.Models.Gguf;
using Espalier.Models.Gguf.Architectures;
using Espalier.Models.Rotary;

namespace Espalier.Tests.Families;

/// <summary>LongRoPE's two lists of factors, of which the length of a text chooses one.</summary>
public sealed class LongRopeTests : TorchTest
{
    private const string Scaling = """
        {"rope_type":"longrope","short_factor":[1.0,1.5],"long_factor":[2.0,30.0]}
        """;

    [Theory]
    [InlineData("longrope")]
    [InlineData("su")]
    public void The_amplitude_follows_from_the_ratio_of_the_lengths(string type)
    {
        var config = Read(raw => raw["rope_scaling"]!["rope_type"] = type);
        var scaling = Assert.IsType<LongRope>(config.Rotary.Scaling);
        Assert.Equal([1.0, 1.5], scaling.Short);
        Assert.Equal([2.0, 30.0], scaling.Long);
        // arXiv 2402.13753: sqrt(1 + ln(131072 / 4096) / ln 4096).
        Assert.Equal(1.1902380714238083, scaling.AttentionFactor, 12);
        Assert.Equal(config, Read(raw => raw["rope_scaling"]!["rope_type"] = type) with { EosTokenIds = config.EosTokenIds });
    }

    [Fact]
    public void Texts_up_to_the_length_that_was_trained_with_have_the_short_factors_and_longer_ones_the_long_factors()
    {
        var config = Read(static _ => { });
        Assert.Equal([1, 0.01 / 1.5], RotaryFrequencies.Of(config.Rotary, 4), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal([0.5, 0.01 / 30], RotaryFrequencies.Of(config.Rotary, 4, isLong: true), (a, b) => Math.Abs(a - b) < 1e-12);
        using var tables = new RotaryTables(config, DType.Float64, Device.Cpu);
        using var scope = TensorScope.Begin();
        double Sine(long count) => tables.At(1, count)[0].Sin.ToArray<double>()[0];
        Assert.Equal(1.1902380714238083 * Math.Sin(1), Sine(4095), 12);
        Assert.Equal(1.1902380714238083 * Math.Sin(0.5), Sine(4096), 12);
    }

    [Theory]
    [InlineData("short_factor", "[1.0]", "short_factor has 1 factors, but 4 entries of a head are rotated: it must have 2, one for each pair")]
    [InlineData("long_factor", "[1.0,0.0]", "long_factor is [1.0,0.0]; it must be a list of numbers above 0")]
    [InlineData("long_factor", "null", "rope_scaling.long_factor is missing")]
    public void Lists_that_cannot_be_are_refused(string field, string value, string expected)
    {
        var error = Assert.Throws<EspalierException>(() => Read(raw => raw["rope_scaling"]![field] = JsonNode.Parse(value)));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    /// <summary>As Phi-4-mini is published, in the form of transformers 4; the factors are our own.</summary>
    [Fact]
    public void The_config_of_Phi_4_mini_comes_back_as_it_was()
    {
        static JsonArray Factors(double step) => new([.. Enumerable.Range(0, 48).Select(i => JsonValue.Create(1 + step * i))]);
        var raw = new JsonObject
        {
            ["architectures"] = new JsonArray("Phi3ForCausalLM"),
            ["attention_bias"] = false,
            ["eos_token_id"] = 199999,
            ["hidden_act"] = "silu",
            ["hidden_size"] = 3072,
            ["intermediate_size"] = 8192,
            ["max_position_embeddings"] = 131072,
            ["model_type"] = "phi3",
            ["num_attention_heads"] = 24,
            ["num_hidden_layers"] = 32,
            ["num_key_value_heads"] = 8,
            ["original_max_position_embeddings"] = 4096,
            ["partial_rotary_factor"] = 0.75,
            ["rms_norm_eps"] = 1e-05,
            ["rope_scaling"] = new JsonObject { ["long_factor"] = Factors(0.5), ["short_factor"] = Factors(0), ["type"] = "longrope" },
            ["rope_theta"] = 10000.0,
            ["sliding_window"] = 262144,
            ["tie_word_embeddings"] = true,
            ["torch_dtype"] = "bfloat16",
            ["vocab_size"] = 200064,
        };
        var config = new Phi3().ReadConfig(raw, "some/config.json");
        Assert.Equal((4096, 3_836_021_760), (config.LongAfter, config.Parameters));
        var student = config with { IntermediateSize = 4096, HiddenSize = 2048, Layers = 20 };
        var written = new Phi3().WriteConfig(student, raw, ElementType.BF16);
        Assert.Equal(student with { EosTokenIds = [] }, new Phi3().ReadConfig(written, "some/config.json") with { EosTokenIds = [] });
        foreach (var same in (string[])["rope_scaling", "partial_rotary_factor", "original_max_position_embeddings", "sliding_window"])
            Assert.Equal(raw[same]?.ToJsonString(), written[same]?.ToJsonString());
    }

    [Fact]
    public void What_other_programs_would_take_for_something_else_is_refused()
    {
        Assert.Contains(
            "original_max_position_embeddings is null; write it at the top level too: programs look for it there, not at the 64",
            Assert.Throws<EspalierException>(() => Read(raw =>
            {
                raw.Remove("original_max_position_embeddings");
                raw["rope_scaling"]!["original_max_position_embeddings"] = 64;
            })).Message, StringComparison.Ordinal);
        Assert.Contains("rope_scaling.rope_type is \"yarn\"; long_factor belongs to longrope",
            Assert.Throws<EspalierException>(() => Read(raw => raw["rope_scaling"]!["rope_type"] = "yarn")).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("original_max_position_embeddings", 1, "original_max_position_embeddings is 1; it must be at least 2")]
    [InlineData("attention_factor", 0, "attention_factor is 0; it must be above 0")]
    [InlineData("attention_factor", -1, "attention_factor is -1; it must be above 0")]
    [InlineData("factor", -4, "factor is -4; it must be above 0")]
    public void What_gives_no_finite_scale_is_refused(string field, int value, string expected) =>
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => Read(raw =>
        {
            raw["rope_scaling"]![field] = value;
            if (raw.ContainsKey(field))
                raw[field] = value;
        })).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("short_factor")]
    [InlineData("long_factor")]
    public void A_factor_that_float32_does_not_have_is_refused(string list)
    {
        var message =
            Assert.Throws<EspalierException>(() => Read(raw => raw["rope_scaling"]![list]!.AsArray()[1] = 1e300)).Message;
        Assert.Contains($"rope_scaling.{list} is [", message, StringComparison.Ordinal);
        Assert.Contains("each must be a float32 number: from 1.2e-38 to 3.4e+38", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Gguf_has_both_lists_and_the_length()
    {
        using var phi = Checkpoint.Open(Fixtures.Golden("families/phi4-longrope"));
        var metadata = new GgufMetadata();
        GgufArchitectures.For(phi.Config, "it").Describe(phi.Config, metadata);
        Assert.Equal((32u, 12u), (metadata.Get<uint>("phi3.rope.scaling.original_context_length"),
            metadata.Get<uint>("phi3.rope.dimension_count")));
        Assert.Equal((float)Math.Sqrt(2), metadata.Get<float>("phi3.rope.scaling.attn_factor"), 1e-6f);
        Assert.Equal(["rope_factors_short.weight", "rope_factors_long.weight"], LongFactors.Of(phi.Config).Select(factors => factors.Name));
        using var qwen = Checkpoint.Open(Fixtures.Golden("families/qwen3"));
        Assert.Contains("cannot scale its frequencies by LongRope",
            Assert.Throws<EspalierException>(() => GgufArchitectures.For(qwen.Config
            with
            { Rotary = qwen.Config.Rotary with { Scaling = new LongRope([1], [2], 32, 1) } }, "it")).Message,
            StringComparison.Ordinal);
    }

    private static DecoderConfig Read(Action<JsonObject> change)
    {
        var raw = JsonNode.Parse($$"""
            {"model_type":"phi3","hidden_size":32,"num_attention_heads":8,"max_position_embeddings":131072,
             "original_max_position_embeddings":4096,"rope_scaling":{{Scaling}}}
            """)!.AsObject();
        change(raw);
        return new Phi3().ReadConfig(raw, "some/config.json");
    }
}
