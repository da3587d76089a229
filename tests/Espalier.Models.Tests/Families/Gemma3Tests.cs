using Espalier.Models;
using Espalier.Models.Families;

namespace Espalier.Tests.Families;

/// <summary>What Gemma-3's config.json says in its two forms: the older one of its releases, and the one of transformers 5.</summary>
public sealed class Gemma3Tests
{
    // The fields of the release of a billion parameters, as far as they are not those of every family.
    private const string Older = """
        {"model_type":"gemma3_text","hidden_size":1152,"intermediate_size":6912,"num_attention_heads":4,"num_key_value_heads":1,
         "num_hidden_layers":26,"vocab_size":262144,"rope_local_base_freq":10000,"rope_theta":1000000,"rope_scaling":null,
         "sliding_window":512,"sliding_window_pattern":6,"max_position_embeddings":32768}
        """;

    [Fact]
    public void Five_layers_of_six_have_a_window_and_turn_by_a_base_of_their_own()
    {
        var config = Read(Object(Older));
        var windows = Enumerable.Range(0, 26).Select(layer => config.LayerKinds[layer].SlidingWindow).ToArray();
        Assert.Equal([5, 11, 17, 23], windows.Index().Where(one => one.Item is null).Select(one => one.Index));
        Assert.Equal([1e6, 1e4], config.Rotaries.Select(rotary => rotary.Theta));
        Assert.Equal((1, 0), (config.RotaryOf(0), config.RotaryOf(5)));
    }

    [Fact]
    public void Scaling_is_that_of_layers_without_a_window_alone()
    {
        var raw = Object(Older);
        raw["rope_scaling"] = Object("""{"factor":8.0,"rope_type":"linear"}""");
        var config = Read(raw);
        Assert.Equal(new RotaryScaling.Linear(8), config.Rotary.Scaling);
        Assert.Null(config.Rotaries[1].Scaling);
        AssertEqual(config, Read(ByKind("""{"rope_type":"linear","factor":8.0,"rope_theta":1000000}""", """{"rope_theta":10000}""")));
    }

    [Fact]
    public void A_base_of_layers_with_a_window_is_written_where_the_source_has_it()
    {
        var older = Written(Object(Older));
        Assert.Equal("10000", older["rope_local_base_freq"]!.ToJsonString());
        Assert.False(older.ContainsKey("rope_parameters"));
        var newer = Written(ByKind("""{"rope_theta":5000.0}""", """{"rope_theta":70.0}"""));
        Assert.Equal(
            """{"full_attention":{"rope_theta":5000.0,"rope_type":"default"},"sliding_attention":{"rope_theta":70.0,"rope_type":"default"}}""",
            newer["rope_parameters"]!.ToJsonString());
        Assert.False(newer.ContainsKey("rope_local_base_freq") || newer.ContainsKey("rope_theta"));
        Assert.Equal([5000.0, 70.0], Read(newer).Rotaries.Select(rotary => rotary.Theta));
    }

    [Fact]
    public void Where_both_forms_stand_and_agree_the_older_one_is_written()
    {
        var both = Object(Older);
        both["rope_parameters"] = Object("""{"full_attention":{"rope_theta":1000000},"sliding_attention":{"rope_type":"default"}}""");
        AssertEqual(Read(Object(Older)), Read(both));
        Assert.False(Written(both).ContainsKey("rope_parameters"));
        both.Remove("rope_theta");
        Assert.Equal("10000", Written(both)["rope_parameters"]!["sliding_attention"]!["rope_theta"]!.ToJsonString());
    }

    [Theory]
    [InlineData("""{"rope_parameters":{"rope_type":"default","rope_theta":7.0}}""", "there is nothing for full_attention")]
    [InlineData("""{"rope_parameters":{"full_attention":{"rope_theta":1000000}}}""", "there is nothing for sliding_attention")]
    [InlineData("""{"rope_parameters":{"full_attention":{"rope_theta":5.0},"sliding_attention":{}}}""",
        "rope_parameters.full_attention.rope_theta is 5.0; rope_theta is 1000000.0")]
    [InlineData("""{"rope_parameters":{"full_attention":{},"sliding_attention":{"rope_theta":5.0}}}""",
        "rope_parameters.sliding_attention.rope_theta is 5.0; rope_local_base_freq is 10000.0")]
    [InlineData("""{"attn_logit_softcapping":50.0}""", "attn_logit_softcapping is 50.0; attention scores in this family have no cap")]
    [InlineData("""{"use_bidirectional_attention":true}""", "only causal attention is supported")]
    [InlineData("""{"sliding_window":null}""", "sliding_window is missing")]
    [InlineData("""{"layer_types":["full_attention"]}""", "it must have one entry for each of the 26 layers")]
    public void What_it_cannot_be_is_refused_by_name(string fields, string expected)
    {
        var raw = Object(Older);
        foreach (var (name, value) in Object(fields))
            raw[name] = value?.DeepClone();
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => Read(raw)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_that_stay_keep_their_windows_and_bases()
    {
        var raw = Object(Older);
        var config = Read(raw);
        int[] stay = [0, 5, 6, 11];
        var written = new Gemma3().WriteConfig(config with { Layers = 4, LayerKinds = config.LayerKinds.At(stay) }, raw, ElementType.F32);
        Assert.Equal("""["sliding_attention","full_attention","sliding_attention","full_attention"]""",
            written["layer_types"]!.ToJsonString());
        Assert.Equal([1, 0, 1, 0], Enumerable.Range(0, 4).Select(Read(written).RotaryOf));
    }

    private static void AssertEqual(DecoderConfig expected, DecoderConfig actual) =>
        Assert.Equal(expected, actual with { EosTokenIds = expected.EosTokenIds });

    private static JsonObject Object(string json) => JsonNode.Parse(json)!.AsObject();

    private static JsonObject ByKind(string full, string sliding)
    {
        var raw = Object(Older);
        raw.Remove("rope_theta");
        raw.Remove("rope_local_base_freq");
        raw["rope_parameters"] = new JsonObject { ["full_attention"] = Object(full), ["sliding_attention"] = Object(sliding) };
        return raw;
    }

    private static DecoderConfig Read(JsonObject raw) => new Gemma3().ReadConfig(raw, "some/config.json");

    private static JsonObject Written(JsonObject raw) => new Gemma3().WriteConfig(Read(raw), raw, ElementType.F32);
}
