using Espalier.Models;
using Espalier.Models.Families;
using Espalier.Models.Families.Fields;
using Espalier.Models.Runtimes;

namespace Espalier.Tests.Families;

/// <summary>What Nemotron-H's config says in its two forms, and what is refused by name.</summary>
public sealed class NemotronHTests
{
    private const string Pattern = "hybrid_override_pattern", Types = "layers_block_type";

    [Fact]
    public void Pattern_and_list_say_the_same()
    {
        var published = Raw("nemotron-h-tied");
        var newer = (JsonObject)published.DeepClone();
        newer.Remove(Pattern);
        newer.Remove("num_hidden_layers");
        newer[Types] = new JsonArray("attention", "mamba", "mlp", "mamba", "attention");
        var (one, other) = (Read(published), Read(newer));
        Assert.Equal(one, other with { EosTokenIds = one.EosTokenIds });
        Assert.Equal([true, false, false, false, true], one.LayerKinds.Select(kind => kind.HasAttention));
        Assert.Equal([false, true, false, true, false], one.LayerKinds.Select(kind => kind.HasMamba));
        Assert.Equal([false, false, true, false, false], one.LayerKinds.Select(kind => kind.HasFeedForward));
        newer[Pattern] = "*M-M*";
        Assert.Equal(one, Read(newer) with { EosTokenIds = one.EosTokenIds });
    }

    [Fact]
    public void The_kinds_of_the_layers_that_stay_are_written_as_the_source_says_them()
    {
        var published = Raw("nemotron-h-tied");
        var config = Read(published);
        var shallow = config with { Layers = 3, LayerKinds = config.LayerKinds.At([1, 2, 4]) };
        var written = new NemotronH().WriteConfig(shallow, published, ElementType.F32);
        Assert.Equal(("M-*", 3), (written[Pattern]!.GetValue<string>(), (int)ConfigJson.Number(written["num_hidden_layers"])!));
        Assert.False(written.ContainsKey(Types));
        // Infinity as Python writes it, and the config that comes back.
        var text = ConfigJson.Text(written);
        Assert.Contains("    0.0,\n    Infinity\n", text, StringComparison.Ordinal);
        Assert.Equal(shallow,
            Read(JsonFile.Parse(System.Text.Encoding.UTF8.GetBytes(text), "config.json")) with { EosTokenIds = shallow.EosTokenIds });

        var newer = Raw("nemotron-h");
        config = Read(newer);
        written = new NemotronH().WriteConfig(config with { Layers = 2, LayerKinds = config.LayerKinds.At([3, 4]) }, newer,
            ElementType.F32);
        Assert.Equal("""["attention","mlp"]""", written[Types]!.ToJsonString());
        Assert.False(written.ContainsKey(Pattern) || written.ContainsKey("num_hidden_layers"));
    }

    [Theory]
    [InlineData(Pattern, "\"*M-ME\"", "'E' is a mixture of experts; moe layers are not supported in this family")]
    [InlineData(Pattern, "\"*M-Mx\"", "'x' is not a kind of layer; known: M (mamba), * (attention), - (mlp), E (moe)")]
    [InlineData(Pattern, "\"\"", "it must name at least one layer")]
    [InlineData(Pattern, "\"*M-M\"", "num_hidden_layers is 5; hybrid_override_pattern names 4 layers")]
    [InlineData(Types, """["attention","mamba","mlp","mamba","linear"]""",
        "linear is not a kind of layer; known: mamba, attention, mlp, moe")]
    [InlineData(Types, """["attention","mamba","mlp","mamba","mamba"]""", "hybrid_override_pattern is *M-M*, which contradicts it;")]
    [InlineData("attention_bias", "true", "the models' own code and transformers disagree on it")]
    [InlineData("mamba_proj_bias", "true", "biases of the projections")]
    [InlineData("sliding_window", "512", "windows are not supported in this family")]
    [InlineData("mamba_hidden_act", "\"gelu\"", "a nemotron_h model must have silu")]
    [InlineData("mlp_hidden_act", "\"silu\"", "a nemotron_h model must have relu2")]
    [InlineData("n_groups", "4", "mamba_num_heads 9 is not a multiple of n_groups 4; the nearest are 8 and 12")]
    [InlineData("ssm_state_size", "0", "ssm_state_size is 0")]
    [InlineData("mamba_head_dim", "4000000", "mamba_num_heads 9 * mamba_head_dim 4000000 is 36000000")]
    [InlineData("time_step_limit", "[0.1, 0.1]", "time_step_limit is from 0.1 to 0.1; it must begin at 0 or above, and end above that")]
    [InlineData("time_step_limit", "0.1", "it must be a list of two numbers")]
    [InlineData("time_step_limit", "null", "time_step_limit is null; it must be a list of two numbers")]
    [InlineData("mamba_ssm_cache_dtype", "\"int8\"", "known: float32, bfloat16, float16, auto")]
    [InlineData("layer_norm_epsilon", "1e-60", "it must be a float32 number: from 1.2e-38 to 3.4e+38, or 0")]
    public void Impossible_fields_are_refused(string field, string value, string expected)
    {
        var raw = Raw("nemotron-h-tied");
        raw[field] = JsonNode.Parse(value);
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => Read(raw)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_names_no_layers_is_told_where_they_are_named()
    {
        var raw = Raw("nemotron-h");
        raw.Remove(Types);
        var message = Assert.Throws<EspalierException>(() => Read(raw)).Message;
        Assert.Contains("does not say which layers are mamba, attention or mlp: layers_block_type lists them", message,
            StringComparison.Ordinal);
        Assert.DoesNotContain("moe", message, StringComparison.Ordinal);
    }

    /// <summary>
    /// transformers 5 calls the kinds of layers as those of other hybrids since 2026; files keep the names that they have.
    /// </summary>
    [Fact]
    public void Newer_names_of_the_layers_are_read_and_kept()
    {
        var raw = Raw("nemotron-h");
        var config = Read(raw);
        raw[Types] = new JsonArray("linear_attention", "mlp", "linear_attention", "full_attention", "mlp", "linear_attention");
        Assert.Equal(config.LayerKinds, Read(raw).LayerKinds);
        var written = new NemotronH().WriteConfig(config with { Layers = 2, LayerKinds = config.LayerKinds.At([2, 3]) }, raw,
            ElementType.F32);
        Assert.Equal("""["linear_attention","full_attention"]""", written[Types]!.ToJsonString());
    }

    [Fact]
    public void Older_folders_call_the_head_s_width_attention_head_dim()
    {
        var raw = Raw("nemotron-h-tied");
        raw.Remove("head_dim");
        raw["attention_head_dim"] = 10;
        Assert.Equal(10, Read(raw).HeadDim);
        raw.Remove("attention_head_dim");
        Assert.Equal(128, Read(raw).HeadDim);
    }

    [Theory]
    [InlineData("backbone.layers.3.mixer.A_log", "backbone.layers.3.mixer.A_log")]
    [InlineData("model.layers.3.mixer.A_log", "backbone.layers.3.mixer.A_log")]
    [InlineData("model.embeddings.weight", "backbone.embeddings.weight")]
    [InlineData("backbone.embedding.weight", "backbone.embeddings.weight")]
    [InlineData("lm_head.weight", "lm_head.weight")]
    public void Names_of_all_releases_are_read(string stored, string name) => Assert.Equal(name, new NemotronH().NameIn(stored));

    /// <summary>
    /// 7.0 billion weights by the widths that the axes have: the numbers follow from the config by hand, layer by layer.
    /// </summary>
    [Fact]
    public void A_narrower_shape_has_the_count_that_follows_by_hand()
    {
        var config = Read(JsonNode.Parse("""
            {"model_type":"nemotron_h","hidden_size":3840,"intermediate_size":14336,"hybrid_override_pattern":
             "M-M-M-MM-M-M-M*-M-M-M*-M-M-M-M*-M-M-M-M*-M-MM-M-M-M-M-M-","num_attention_heads":40,"mamba_num_heads":120,"mamba_head_dim":72}
            """)!.AsObject());
        long D = 3840, F = 14336, V = 131072, H = 128, N = 40, K = 8, heads = 120, I = 120 * 72, states = 2 * 8 * 128;
        var mamba = D + (2 * I + states + heads) * D + (I + states) * 4 + I + states + 3 * heads + I + D * I;
        var attention = D + (N + 2 * K) * H * D + D * N * H;
        var mlp = D + 2 * D * F;
        Assert.Equal(27 * mamba + 4 * attention + 25 * mlp + D + 2 * V * D, config.Parameters);
        Assert.Equal(2 * 4 * 2 * K * H, config.KeyValueBytesPerToken(2));
        // States are float32 there unless mamba_ssm_cache_dtype says otherwise; the last inputs of a convolution are not.
        Assert.Equal(27 * (4 * I * 128 + 2 * 3 * (I + states)), config.StateBytesPerText(2));
        Assert.Equal(2 * 27 * (I * 128 + 3 * (I + states)),
            (config with { Mamba = config.Mamba with { StateType = ElementType.BF16 } }).StateBytesPerText(2));
    }

    [Fact]
    public void A_config_that_llama_cpp_s_converter_would_take_for_experts_is_named()
    {
        var family = new NemotronH();
        string[] Findings(string folder) =>
            [.. Preflight.OfTarget(family, Read(Raw(folder)), Raw(folder)).Single(verdict => verdict.Runtime == "llama.cpp").Findings];
        Assert.Contains("num_experts_per_tok", Assert.Single(Findings("nemotron-h")), StringComparison.Ordinal);
        var without = Raw("nemotron-h");
        without.Remove("num_experts_per_tok");
        Assert.Empty(Preflight.OfTarget(family, Read(without), without).Single(verdict => verdict.Runtime == "llama.cpp").Findings);
    }

    private static JsonObject Raw(string family) => JsonFile.Read(Fixtures.Golden("families", family, "config.json"));

    private static DecoderConfig Read(JsonObject raw) => new NemotronH().ReadConfig(raw, "config.json");
}
