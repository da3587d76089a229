using Espalier.Models;
using Espalier.Models.Families;
using Espalier.Models.Gguf;
using Espalier.Models.Gguf.Architectures;

namespace Espalier.Tests.Families;

/// <summary>SmolLM3, some of whose layers do not turn, and OLMo-3, some of whose layers are not scaled.</summary>
public sealed class LayersThatTurnDifferentlyTests
{
    private const string SmolLm3 = """{"model_type":"smollm3","num_hidden_layers":8}""";

    // The rotary fields of the seven billion's long-context release.
    private const string Olmo3 = """
        {"model_type":"olmo3","num_hidden_layers":8,"rope_theta":500000,"max_position_embeddings":65536,"sliding_window":4096,
         "rope_scaling":{"attention_factor":1.2079441541679836,"beta_fast":32.0,"beta_slow":1.0,"factor":8.0,
                         "original_max_position_embeddings":8192,"rope_type":"yarn"}}
        """;

    [Theory]
    [InlineData("{}", "11101110")]
    [InlineData("""{"no_rope_layer_interval":3}""", "11011011")]
    [InlineData("""{"no_rope_layers":[0,1,1,1,0,1,1,1]}""", "01110111")]
    // A list may be longer than the model, as transformers has it.
    [InlineData("""{"no_rope_layers":[0,1,1,1,0,1,1,1,0,0]}""", "01110111")]
    public void Layers_turn_where_the_list_has_a_one(string fields, string expected)
    {
        var config = Read(With(SmolLm3, fields));
        Assert.Equal(expected, string.Concat(Enumerable.Range(0, 8).Select(layer => config.LayerKinds[layer].IsRotary ? '1' : '0')));
    }

    [Theory]
    [InlineData("""{"no_rope_layers":[1,1,1]}""", "no_rope_layers is [1,1,1]; it must have 0 or 1 for each of the 8 layers")]
    [InlineData("""{"no_rope_layers":[1,1,1,2,1,1,1,0]}""", "it must have 0 or 1 for each of the 8 layers")]
    [InlineData("""{"use_sliding_window":true,"sliding_window":5}""", "use_sliding_window is true; sliding windows are not supported")]
    [InlineData("""{"sliding_window":5,"layer_types":["sliding_attention","full_attention","full_attention","full_attention","full_attention","full_attention","full_attention","full_attention"]}""",
        "windows are not supported in this family")]
    public void What_it_cannot_be_is_refused_by_name(string fields, string expected) =>
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => Read(With(SmolLm3, fields))).Message, StringComparison.Ordinal);

    [Fact]
    public void Layers_that_stay_go_on_turning_or_not()
    {
        var raw = With(SmolLm3, "{}");
        var config = Read(raw);
        var written = new SmolLm3().WriteConfig(
            config with { Layers = 3, LayerKinds = config.LayerKinds.At([0, 3, 6]) }, raw, ElementType.F32);
        Assert.Equal("[1,0,1]", written["no_rope_layers"]!.ToJsonString());
        Assert.Equal([true, false, true], Read(written).LayerKinds.Select(kind => kind.IsRotary));
    }

    [Fact]
    public void Without_a_layer_that_does_not_turn_llama_s_architecture_takes_it_and_otherwise_they_must_stand_as_llama_cpp_has_them()
    {
        var config = Read(With(SmolLm3, "{}"));
        Assert.Equal("smollm3", GgufArchitectures.For(config, "it").Name);
        DecoderConfig Of(params int[] layers) => config with { Layers = layers.Length, LayerKinds = config.LayerKinds.At(layers) };
        Assert.Equal("smollm3", GgufArchitectures.For(Of(0, 1, 2, 3, 4, 5), "it").Name);
        Assert.Equal("llama", GgufArchitectures.For(Of(0, 1, 2, 4, 5), "it").Name);
        Assert.Contains("has rotary embeddings in all layers but every 4th",
            Assert.Throws<EspalierException>(() => GgufArchitectures.For(Of(0, 3, 4, 7), "it")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Olmo_3_is_scaled_where_it_has_no_window_alone()
    {
        var config = Read(With(Olmo3, "{}"));
        Assert.Equal([4096, 4096, 4096, null, 4096, 4096, 4096, null],
            Enumerable.Range(0, 8).Select(layer => config.LayerKinds[layer].SlidingWindow));
        Assert.Equal([1, 1, 1, 0, 1, 1, 1, 0], Enumerable.Range(0, 8).Select(config.RotaryOf));
        Assert.Equal((500000, null), (config.Rotaries[1].Theta, config.Rotaries[1].Scaling));
        var yarn = Assert.IsType<RotaryScaling.Yarn>(config.Rotary.Scaling);
        Assert.Equal((8.0, 1.2079441541679836), (yarn.Factor, yarn.AttentionFactor));
        // Without scaling all turn alike.
        Assert.Single(Read(With(Olmo3, """{"rope_scaling":null}""")).Rotaries);
    }

    [Fact]
    public void Olmo_3_s_windows_and_scaling_are_keys_of_olmo_2_s_architecture()
    {
        var metadata = new GgufMetadata();
        var config = Read(With(Olmo3, "{}"));
        GgufArchitectures.For(config, "it").Describe(config, metadata);
        Assert.Equal((4096u, 4u, 65536u), (metadata.Get<uint>("olmo2.attention.sliding_window"),
            metadata.Get<uint>("olmo2.attention.sliding_window_pattern"), metadata.Get<uint>("olmo2.context_length")));
        Assert.Equal(("yarn", 8f, 8192u), (metadata.Get<string>("olmo2.rope.scaling.type"), metadata.Get<float>("olmo2.rope.scaling.factor"),
            metadata.Get<uint>("olmo2.rope.scaling.original_context_length")));
        // llama.cpp computes 0.1 ln(8) + 1 itself, which is the model's.
        Assert.Equal(1f, metadata.Get<float>("olmo2.rope.scaling.attn_factor"), 6);
        var everywhere = config with { LayerKinds = LayerKinds.Of(config.LayerKinds.Select(kind => kind with { Rotary = null })) };
        Assert.Contains("scales only the frequencies of layers without a window",
            Assert.Throws<EspalierException>(() => GgufArchitectures.For(everywhere, "it")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_some_releases_of_transformers_compute_otherwise_is_said()
    {
        using var olmo = Models.Checkpoints.Checkpoint.Open(Fixtures.Golden("families/olmo3"), requireWeights: false);
        Assert.Contains("transformers 5.0 to 5.12 scales those of all layers", Assert.Single(olmo.Notes), StringComparison.Ordinal);
    }

    private static JsonObject With(string json, string fields)
    {
        var raw = JsonNode.Parse(json)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(fields)!.AsObject())
            raw[name] = value?.DeepClone();
        return raw;
    }

    private static DecoderConfig Read(JsonObject raw) => FamilyCatalog.For(raw, "some/config.json").ReadConfig(raw, "some/config.json");
}
