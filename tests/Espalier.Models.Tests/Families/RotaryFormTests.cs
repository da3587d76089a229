using Espalier.Models;
using Espalier.Models.Families;
using Espalier.Models.Families.Fields;
using Espalier.Models.Gguf;
using Espalier.Models.Gguf.Export;

namespace Espalier.Tests.Families;

/// <summary>
/// transformers 5 says in <c>rope_parameters</c> what transformers 4 says in <c>rope_theta</c>, <c>rope_scaling</c> and
/// <c>partial_rotary_factor</c>.
/// </summary>
public sealed class RotaryFormTests : TorchTest
{
    private static readonly string[] s_scalings =
    [
        "null",
        """{"rope_type":"linear","factor":4.0}""",
        """{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":32}""",
        """{"rope_type":"yarn","factor":4.0}""",
        """{"type":"yarn","factor":4.0,"original_max_position_embeddings":16,"beta_fast":16.0,"beta_slow":2.0,"attention_factor":1.25}""",
        """{"rope_type":"yarn","factor":2.0,"original_max_position_embeddings":64,"mscale":1.0,"mscale_all_dim":0.5}""",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-test-").FullName;

    public static TheoryData<string, string> FamiliesAndScalings
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var family in Directory.GetDirectories(Fixtures.Golden("families")).Select(folder => Path.GetFileName(folder)).Order()
                .Where(family => FamilyCatalog.All.Single(known => known.ModelType == TypeOf(family)).HasRotary))
                // GPT-OSS stretches where its file does not say.
                foreach (var scaling in s_scalings.Where(scaling => scaling != "null" || TypeOf(family) != "gpt_oss"))
                    data.Add(family, scaling);
            return data;
        }
    }

    private static string TypeOf(string family) =>
        JsonFile.Read(Fixtures.Golden("families", family, "config.json"))["model_type"]!.GetValue<string>();

    public override void Dispose()
    {
        base.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory, MemberData(nameof(FamiliesAndScalings))]
    public void Both_forms_give_one_config_and_the_same_logits(string family, string scaling)
    {
        var older = Older(family, scaling);
        var newer = Newer(older);
        var config = Read(older);
        Assert.Equal(12345.0, config.Rotary.Theta);
        Assert.Equal(scaling == "null", config.Rotary.Scaling is null);
        Assert.Equal(config.Rotary, Read(newer).Rotary);
        Assert.Equal(Logits(family, older), Logits(family, newer));
    }

    [Theory, MemberData(nameof(FamiliesAndScalings))]
    public void The_form_of_the_source_is_written_and_no_other(string family, string scaling)
    {
        var older = Older(family, scaling);
        var newer = Newer(older);
        var (fromOlder, fromNewer) = (Written(older), Written(newer));
        Assert.False(fromOlder.ContainsKey("rope_parameters"));
        Assert.Equal(12345.0, (double)fromOlder["rope_theta"]!);
        Assert.False(fromNewer.ContainsKey("rope_theta") || fromNewer.ContainsKey("rope_scaling")
            || fromNewer.ContainsKey("partial_rotary_factor"));
        var parameters = fromNewer["rope_parameters"]!["full_attention"] ?? fromNewer["rope_parameters"]!;
        Assert.Equal(12345.0, (double)parameters["rope_theta"]!);
        Assert.NotNull(parameters["rope_type"]);
        Assert.Equal(Read(older).Rotary, Read(fromOlder).Rotary);
        Assert.Equal(Read(older).Rotary, Read(fromNewer).Rotary);
    }

    [Theory, MemberData(nameof(FamiliesAndScalings))]
    public void Forms_that_agree_may_stand_side_by_side_and_the_one_that_all_releases_read_is_written(string family, string scaling)
    {
        var older = Older(family, scaling);
        var both = (JsonObject)older.DeepClone();
        both["rope_parameters"] = Newer(older)["rope_parameters"]!.DeepClone();
        Assert.Equal(Read(older).Rotary, Read(both).Rotary);
        Assert.False(Written(both).ContainsKey("rope_parameters"));
        Assert.Equal(Read(older).Rotary, Read(Written(both)).Rotary);
    }

    [Theory]
    [InlineData("""{"rope_type":"default","rope_theta":1e6}""",
        "rope_parameters.rope_theta is 1e6; rope_theta is 12345.0, and programs read one or the other")]
    [InlineData("""{"rope_type":"linear","factor":2.0}""", "rope_scaling says otherwise")]
    [InlineData("""{"rope_type":"default"}""", "rope_scaling says otherwise")]
    [InlineData("""{"rope_type":"proportional","factor":2.0}""",
        "rope_parameters.rope_type is \"proportional\"; this rotary scaling is not supported; known: default, linear")]
    [InlineData("""{"rope_type":"linear","type":"yarn","factor":4.0}""",
        "rope_parameters.rope_type is \"linear\"; type is \"yarn\"")]
    [InlineData("""{"factor":2.0}""", "rope_parameters.type is null; this rotary scaling is not supported")]
    [InlineData("""{"rope_type":"linear","factor":4.0,"partial_rotary_factor":0.5}""",
        "rope_parameters.partial_rotary_factor is 0.5; this family rotates whole heads,")]
    [InlineData("""{"rope_type":"linear","factor":4.0,"rope_theta":-1}""", "rope_parameters.rope_theta is -1; it must be above 0")]
    [InlineData("""[1]""", "rope_parameters is [1]; it must be an object")]
    [InlineData("""{"full_attention":{"rope_type":"linear","factor":4.0},"sliding_attention":{"rope_type":"default"}}""", "")]
    [InlineData("""{"full_attention":{"rope_type":"linear","factor":4.0},"sliding_attention":{"rope_type":"linear","factor":4.0,"rope_theta":7.0}}""", "")]
    [InlineData("""{"full_attention":{"rope_type":"linear","factor":4.0},"rope_theta":7.0}""",
        "it is given along with settings for single kinds of layers")]
    public void Contradictions_and_what_is_unknown_are_refused_by_name(string parameters, string expected)
    {
        var raw = Older("llama-3.1", """{"rope_type":"linear","factor":4.0}""");
        raw["rope_parameters"] = JsonNode.Parse(parameters);
        var message = Assert.Throws<EspalierException>(() => Read(raw)).Message;
        Assert.StartsWith("some/config.json: rope_parameters", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Layers_that_turn_differently_are_refused_and_kinds_that_no_layer_has_do_not_count()
    {
        var raw = Newer(Older("qwen3", "null"));
        raw["rope_parameters"] =
            JsonNode.Parse(
                """{"full_attention":{"rope_type":"default","rope_theta":5.0},"sliding_attention":{"rope_type":"default","rope_theta":7.0}}""");
        Assert.Equal(5, Read(raw).Rotary.Theta);
        Assert.Equal("""{"rope_theta":5.0,"rope_type":"default"}""", Written(raw)["rope_parameters"]!.ToJsonString());
        raw.Remove("layer_types");
        Assert.Contains("full_attention and sliding_attention differ;", Assert.Throws<EspalierException>(() => Read(raw)).Message);
        raw["rope_parameters"]!["sliding_attention"]!["rope_theta"] = 5.0;
        Assert.Equal(5, Read(raw).Rotary.Theta);
        raw["layer_types"] = new JsonArray("linear_attention");
        Assert.Contains("there is nothing for linear_attention", Assert.Throws<EspalierException>(() => Read(raw)).Message);
    }

    [Theory]
    [InlineData("""{}""", 0.5)]
    [InlineData("""{"partial_rotary_factor":0.25}""", 0.25)]
    [InlineData("""{"rope_parameters":{"rope_type":"default","rope_theta":10000.0,"partial_rotary_factor":0.25}}""", 0.25)]
    [InlineData("""{"partial_rotary_factor":0.25,"rope_parameters":{"rope_type":"default","partial_rotary_factor":0.25}}""", 0.25)]
    [InlineData("""{"partial_rotary_factor":0.25,"rope_parameters":{"rope_type":"default"}}""", 0.25)]
    [InlineData("""{"rope_parameters":{"rope_type":"default"}}""", 0.5)]
    public void Nemotron_s_fraction_is_read_wherever_it_stands_and_written_there(string json, double expected)
    {
        var raw = JsonNode.Parse(json)!.AsObject();
        raw["model_type"] = "nemotron";
        Assert.Equal((10000.0, expected), (Read(raw).Rotary.Theta, Read(raw).Rotary.Fraction));
        var written = Written(raw);
        Assert.Equal(expected, Read(written).Rotary.Fraction);
        Assert.Equal(raw.ContainsKey("rope_parameters"), written.ContainsKey("rope_parameters"));
        Assert.NotEqual(raw.ContainsKey("rope_parameters"), written.ContainsKey("rope_theta"));
    }

    [Theory]
    [InlineData("llama")]
    [InlineData("mistral")]
    [InlineData("nemotron")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    public void A_config_that_names_no_theta_has_that_of_transformers_and_a_null_one_is_no_form(string modelType)
    {
        foreach (var nothing in new[] { "{}", """{"rope_parameters":null}""", """{"rope_parameters":{}}""",
            """{"rope_parameters":{"rope_type":"default"}}""" })
        {
            var raw = JsonNode.Parse(nothing)!.AsObject();
            raw["model_type"] = modelType;
            Assert.Equal(10000.0, Read(raw).Rotary.Theta);
            Assert.Equal(nothing.Contains("default", StringComparison.Ordinal), Written(raw).ContainsKey("rope_parameters"));
        }
    }

    [Theory]
    [InlineData("null")]
    [InlineData("""{"rope_type":"linear","factor":4.0}""")]
    [InlineData("""{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":32}""")]
    [InlineData("""{"rope_type":"yarn","factor":4.0,"original_max_position_embeddings":16}""")]
    public void Gguf_files_of_both_forms_are_the_same_bytes(string scaling)
    {
        var older = Older("llama-3.1", scaling);
        var files = new[] { older, Newer(older) }.Select((raw, i) =>
        {
            var file = Path.Combine(_folder, $"{i}.gguf");
            GgufExporter.Export(Folder("llama-3.1", raw, $"{i}/model"), file, GgufFormat.F32);
            return File.ReadAllBytes(file);
        }).ToArray();
        Assert.Equal(files[0], files[1]);
    }

    private static JsonObject Older(string family, string scaling)
    {
        var raw = JsonFile.Read(Fixtures.Golden("families", family, "config.json"));
        // Of files that transformers 5 wrote.
        raw.Remove("rope_parameters");
        raw.Remove("original_max_position_embeddings");
        raw["rope_theta"] = 12345.0;
        raw["rope_scaling"] = JsonNode.Parse(scaling);
        return raw;
    }

    private static JsonObject Newer(JsonObject older)
    {
        var raw = (JsonObject)older.DeepClone();
        var parameters = (JsonObject?)raw["rope_scaling"]?.DeepClone() ?? new() { ["rope_type"] = "default" };
        foreach (var name in (string[])["rope_theta", "partial_rotary_factor"])
            if (raw[name] is { } value)
                parameters[name] = value.DeepClone();
        foreach (var name in (string[])["rope_theta", "rope_scaling", "partial_rotary_factor"])
            raw.Remove(name);
        // Gemma-3's layers with a window have a base of their own.
        raw["rope_parameters"] = (string?)raw["model_type"] != "gemma3_text" ? parameters : new JsonObject
        {
            ["full_attention"] = parameters,
            ["sliding_attention"] = new JsonObject { ["rope_type"] = "default", ["rope_theta"] = 10000.0 },
        };
        raw["transformers_version"] = "5.0.0";
        return raw;
    }

    private static DecoderConfig Read(JsonObject raw) => FamilyCatalog.For(raw, "some/config.json").ReadConfig(raw, "some/config.json");

    private static JsonObject Written(JsonObject raw) => FamilyCatalog.For(raw, "config.json").WriteConfig(Read(raw), raw, ElementType.F32);

    private float[] Logits(string family, JsonObject raw)
    {
        var folder = Folder(family, raw, Guid.NewGuid().ToString("N"));
        using var model = GoldenTensors.Load(folder, DType.Float32);
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        long[] ids = [.. Enumerable.Range(0, 40).Select(i => (long)(i * 7 % 90))];
        return model.Logits(model.Forward(Tensor.From<long>(ids, 1, ids.Length))).ToArray<float>();
    }

    private string Folder(string family, JsonObject raw, string name)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        File.WriteAllText(Path.Combine(folder, "config.json"), ConfigJson.Text(raw));
        File.WriteAllBytes(Path.Combine(folder, "model.safetensors"),
            File.ReadAllBytes(Fixtures.Golden("families", family, "model.safetensors")));
        return folder;
    }
}
