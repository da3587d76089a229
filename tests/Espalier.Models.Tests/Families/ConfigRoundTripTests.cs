using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Families;
using Espalier.Models.Families.Fields;

namespace Espalier.Tests.Families;

public sealed class ConfigRoundTripTests
{
    [Theory]
    [InlineData("families/gemma2")]
    [InlineData("families/gemma3")]
    [InlineData("families/gpt-oss")]
    [InlineData("families/gpt-oss-tied")]
    [InlineData("families/granite")]
    [InlineData("families/llama-3.1")]
    [InlineData("families/llama-3.2-tied")]
    [InlineData("families/mistral")]
    [InlineData("families/mistral-nemo")]
    [InlineData("families/mixtral")]
    [InlineData("families/nemotron")]
    [InlineData("families/nemotron-h")]
    [InlineData("families/nemotron-h-tied")]
    [InlineData("families/olmo2")]
    [InlineData("families/olmo3")]
    [InlineData("families/olmoe")]
    [InlineData("families/phi3")]
    [InlineData("families/phi4-longrope")]
    [InlineData("families/qwen2")]
    [InlineData("families/qwen2-moe")]
    [InlineData("families/qwen2-moe-mixed")]
    [InlineData("families/qwen3")]
    [InlineData("families/qwen3-5")]
    [InlineData("families/qwen3-5-even")]
    [InlineData("families/qwen3-5-tied")]
    [InlineData("families/qwen3-moe")]
    [InlineData("families/qwen3-moe-mixed")]
    [InlineData("families/qwen3-next")]
    [InlineData("families/qwen3-next-even")]
    [InlineData("families/qwen3-next-mixed")]
    [InlineData("families/smollm3")]
    [InlineData("families/stablelm")]
    [InlineData("families/starcoder2")]
    [InlineData("pruning/teacher")]
    [InlineData("pruning/width")]
    [InlineData("pruning/depth")]
    public void Rewriting_a_golden_config_gives_the_same_bytes(string folder)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden(folder), requireWeights: false);
        var written = checkpoint.Family.WriteConfig(checkpoint.Config, checkpoint.RawConfig, ElementType.F32);
        Assert.Equal(File.ReadAllText(Fixtures.Golden(folder, "config.json")), ConfigJson.Text(written));
    }

    [Theory]
    [InlineData("families/llama-3.1")]
    [InlineData("families/mistral")]
    [InlineData("families/nemotron")]
    public void A_generation_config_that_is_absent_is_derived_as_transformers_derives_it(string folder)
    {
        var config = JsonFile.Read(Fixtures.Golden(folder, "config.json"));
        Assert.Equal(
            File.ReadAllText(Fixtures.Golden(folder, "generation_config.json")),
            ConfigJson.Text(PretrainedConfig.Generation(null, config)));
    }

    [Theory]
    [InlineData("width")]
    [InlineData("depth")]
    public void Teacher_config_with_a_target_s_shapes_is_the_target_s_file(string target)
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden("pruning/teacher"), requireWeights: false);
        var shapes = target == "width"
            ? teacher.Config with { HiddenSize = 32, IntermediateSize = 64, QueryHeads = 4 }
            : teacher.Config with { Layers = 4 };
        var written = teacher.Family.WriteConfig(shapes, teacher.RawConfig, ElementType.F32);
        Assert.Equal(File.ReadAllText(Fixtures.Golden("pruning", target, "config.json")), ConfigJson.Text(written));
    }

    [Theory]
    [InlineData("families/qwen2")]
    [InlineData("families/qwen3")]
    public void Layer_types_are_as_many_as_layers_stay(string folder)
    {
        using var source = Checkpoint.Open(Fixtures.Golden(folder), requireWeights: false);
        var written = source.Family.WriteConfig(source.Config with { Layers = 2 }, source.RawConfig, ElementType.F32);
        Assert.Equal("""["full_attention","full_attention"]""", written["layer_types"]!.ToJsonString());
    }

    [Fact]
    public void The_windows_of_the_layers_that_stay_are_written()
    {
        using var source = Checkpoint.Open(Fixtures.Golden("families/gemma2"), requireWeights: false);
        Assert.Equal([10, null, 10], source.Config.LayerKinds.Select(kind => kind.SlidingWindow));
        string Written(params int[] layers) => source.Family.WriteConfig(
            source.Config with { Layers = layers.Length, LayerKinds = source.Config.LayerKinds.At(layers) }, source.RawConfig,
            ElementType.F32)["layer_types"]!.ToJsonString();
        Assert.Equal("""["sliding_attention","sliding_attention"]""", Written(0, 2));
        Assert.Equal("""["full_attention"]""", Written(1));
        Assert.Equal("""["full_attention","sliding_attention"]""", Written(1, 2));
    }

    [Fact]
    public void Gemma_2_s_scale_and_caps_are_written_back()
    {
        using var source = Checkpoint.Open(Fixtures.Golden("families/gemma2"), requireWeights: false);
        Assert.Equal((4.0, 6.0), (source.Config.LayerKinds[0].ScoreCap, source.Config.LogitCap));
        Assert.Equal(1 / Math.Sqrt(20), source.Config.LayerKinds[0].AttentionScale);
        var target = source.Config with
        {
            LogitCap = null,
            LayerKinds = LayerKinds.Of(source.Config.LayerKinds.Select(kind => kind with { ScoreCap = 7.5, AttentionScale = 0.5 })),
        };
        var written = source.Family.WriteConfig(target, source.RawConfig, ElementType.F32);
        Assert.Equal("null 7.5 4.0",
            $"{written["final_logit_softcapping"]?.ToJsonString() ?? "null"} {written["attn_logit_softcapping"]} "
                + $"{written["query_pre_attn_scalar"]!.ToJsonString()}");
    }

    [Fact]
    public void Mistral_s_null_head_dim_is_written_out_when_hidden_over_heads_would_be_wrong()
    {
        using var source = Checkpoint.Open(Fixtures.Golden("families/mistral"), requireWeights: false);
        Assert.Null(source.RawConfig["head_dim"]);
        var written = source.Family.WriteConfig(source.Config with { HiddenSize = 32 }, source.RawConfig, ElementType.F32);
        Assert.Equal(8, (int)written["head_dim"]!);
    }

    [Fact]
    public void Bundled_teacher_s_config_is_normalised_and_completed()
    {
        using var teacher = Checkpoint.Open(Path.Combine(Fixtures.Root, "models/quickstart-teacher"));
        var written = teacher.Family.WriteConfig(teacher.Config, teacher.RawConfig, ElementType.BF16);
        Assert.Equal("bfloat16", (string?)written["dtype"]);
        Assert.Equal("4.57.6", (string?)written["transformers_version"]);
        Assert.False(written.ContainsKey("torch_dtype"));
        Assert.Equal(JsonFile.Read(Fixtures.Golden("families/llama-3.1/config.json")).Select(static field => field.Key),
            written.Select(static field => field.Key));
    }

    [Fact]
    public void Unknown_fields_are_kept_and_shared_defaults_left_out()
    {
        var raw = JsonFile.Read(Fixtures.Golden("families/llama-3.1/config.json"));
        raw["my_field"] = new JsonObject { ["b"] = 1e-5, ["a"] = "ä\n" };
        raw["pad_token_id"] = null;
        raw["torchscript"] = false;
        raw["_name_or_path"] = "/somewhere/else";
        raw["rope_theta"] = 500000;
        var family = new Llama();
        var text = ConfigJson.Text(family.WriteConfig(family.ReadConfig(raw, "config.json"), raw, ElementType.F16));
        Assert.Contains("""
              "my_field": {
                "a": "\u00e4\n",
                "b": 1e-05
              },
            """.ReplaceLineEndings("\n"), text, StringComparison.Ordinal);
        Assert.Contains("\"rope_theta\": 500000,", text, StringComparison.Ordinal);
        Assert.Contains("\"dtype\": \"float16\",", text, StringComparison.Ordinal);
        Assert.DoesNotContain("pad_token_id", text, StringComparison.Ordinal);
        Assert.DoesNotContain("torchscript", text, StringComparison.Ordinal);
        Assert.DoesNotContain("_name_or_path", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_of_a_target_with_another_tokenizer_are_written()
    {
        using var source = Checkpoint.Open(Fixtures.Golden("families/mistral"), requireWeights: false);
        var written =
            source.Family.WriteConfig(source.Config with { BosTokenId = 5, EosTokenIds = [6, 7] }, source.RawConfig, ElementType.F32);
        Assert.Equal("5 [6,7]", $"{written["bos_token_id"]} {written["eos_token_id"]!.ToJsonString()}");
        written = source.Family.WriteConfig(source.Config with { BosTokenId = null, EosTokenIds = [] }, source.RawConfig, ElementType.F32);
        Assert.True(written.ContainsKey("bos_token_id") && written["bos_token_id"] is null && written["eos_token_id"] is null);
    }

    [Fact]
    public void A_target_that_the_family_cannot_express_is_refused()
    {
        using var source = Checkpoint.Open(Fixtures.Golden("families/mistral"), requireWeights: false);
        var error = Assert.Throws<EspalierException>(() =>
            source.Family.WriteConfig(source.Config with { LayerKinds = LayerKinds.All(new() { HeadNorms = HeadNormKind.EachHead }) },
                source.RawConfig, ElementType.F32));
        Assert.Contains("cannot express", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1e-5, "1e-05")]
    [InlineData(0, "0.0")]
    [InlineData(-0.0, "-0.0")]
    [InlineData(500000, "500000.0")]
    [InlineData(0.02, "0.02")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00012345, "0.00012345")]
    [InlineData(1e16, "1e+16")]
    [InlineData(9999999999999998, "9999999999999998.0")]
    [InlineData(-1.5e-300, "-1.5e-300")]
    [InlineData(1.2345678901234567e20, "1.2345678901234567e+20")]
    [InlineData(8.25, "8.25")]
    [InlineData(1e-6, "1e-06")]
    [InlineData(1e-7, "1e-07")]
    [InlineData(1e15, "1000000000000000.0")]
    [InlineData(100.5, "100.5")]
    public void Floats_are_spelt_as_python_spells_them(double value, string expected) => Assert.Equal(expected, ConfigJson.Float(value));

    /// <summary>1e-6, which many families have, once came out as 1e-07: its digits written out in full begin with 9.99.</summary>
    [Fact]
    public void Floats_read_back_as_the_same_number()
    {
        var random = new Random(1);
        for (var exponent = -300; exponent <= 300; exponent++)
            foreach (var value in new[] { Math.Pow(10, exponent),
                double.Parse($"1e{exponent}", System.Globalization.CultureInfo.InvariantCulture),
                (random.NextDouble() - 0.5) * Math.Pow(10, exponent) })
                Assert.Equal(value, double.Parse(ConfigJson.Float(value), System.Globalization.CultureInfo.InvariantCulture));
    }
}
