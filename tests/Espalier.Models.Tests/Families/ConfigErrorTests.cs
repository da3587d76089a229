using System.Text;
using Espalier.Models;
using Espalier.Models.Families;

namespace Espalier.Tests.Families;

public sealed class ConfigErrorTests
{
    private const string Llama3 =
        """{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192}""";

    [Theory]
    [InlineData("hidden_size", "-1", "hidden_size is -1")]
    [InlineData("hidden_size", "0", "hidden_size is 0")]
    [InlineData("hidden_size", "\"48\"", "hidden_size is \"48\"")]
    [InlineData("hidden_size", "48.5", "hidden_size is 48.5")]
    [InlineData("hidden_size", "4294967296", "hidden_size is 4294967296")]
    [InlineData("hidden_size", "1e400", "hidden_size is 1e400")]
    [InlineData("hidden_size", "2147483647", "hidden_size is 2147483647, it must be from 1 to 4194304")]
    [InlineData("hidden_size", "null", "hidden_size is missing")]
    [InlineData("num_hidden_layers", "2147483647", "num_hidden_layers is 2147483647")]
    [InlineData("num_key_value_heads", "3", "num_attention_heads 4 is not a multiple of num_key_value_heads 3; the nearest are 3 and 6")]
    [InlineData("num_key_value_heads", "8", "num_attention_heads 4 is not a multiple of num_key_value_heads 8; the nearest are 8")]
    [InlineData("head_dim", "7", "head_dim 7 is odd")]
    [InlineData("head_dim", "2000000", "num_attention_heads 4 * head_dim 2000000 is 8000000")]
    [InlineData("hidden_act", "\"gelu\"", "hidden_act is \"gelu\"; a llama model must have silu")]
    [InlineData("hidden_act", "null", "hidden_act is null")]
    [InlineData("rms_norm_eps", "0", "rms_norm_eps is 0")]
    [InlineData("rms_norm_eps", "-1e-5", "rms_norm_eps is -1e-5")]
    [InlineData("rope_theta", "\"big\"", "rope_theta is \"big\"")]
    [InlineData("tie_word_embeddings", "1", "tie_word_embeddings is 1; it must be true or false")]
    [InlineData("eos_token_id", "[1,-2]", "eos_token_id is [1,-2]")]
    [InlineData("eos_token_id", "{}", "eos_token_id is {}")]
    [InlineData("bos_token_id", "-1", "bos_token_id is -1")]
    [InlineData("rope_scaling", "7", "rope_scaling is 7; it must be an object")]
    [InlineData("rope_scaling", """{"rope_type":"proportional"}""",
        "rope_scaling.rope_type is \"proportional\"; this rotary scaling is not supported; known: default, linear, llama3, longrope, yarn")]
    [InlineData("rope_scaling", """{"type":"dynamic","factor":2}""", "rope_scaling.type is \"dynamic\"")]
    [InlineData("rope_scaling", """{}""", "rope_scaling.type is null")]
    [InlineData("rope_scaling", """{"rope_type":"linear"}""", "rope_scaling.factor is missing")]
    [InlineData("rope_scaling", """{"rope_type":"linear","factor":1e300}""",
        "rope_scaling.factor is 1e300; it must be a float32 number: from 1.2e-38 to 3.4e+38, or 0")]
    [InlineData("rope_scaling", """{"rope_type":"yarn","factor":2,"original_max_position_embeddings":1024,"attention_factor":1e30}""",
        "rope_scaling.attention_factor is 1e30; it must be from 0.001 to 1000: cos and sin are multiplied by it")]
    [InlineData("rms_norm_eps", "1e-60", "rms_norm_eps is 1e-60; it must be a float32 number:")]
    [InlineData("rope_theta", "1e39", "rope_theta is 1e39; it must be a float32 number:")]
    [InlineData("rope_scaling", """{"rope_type":"linear","factor":0.5}""", "rope_scaling.factor is 0.5")]
    [InlineData("rope_scaling",
        """{"rope_type":"llama3","factor":8,"low_freq_factor":4,"high_freq_factor":1,"original_max_position_embeddings":128}""",
        "high_freq_factor is 1; it must be above low_freq_factor, which is 4")]
    [InlineData("rope_scaling", """{"rope_type":"yarn","type":"linear","factor":4}""",
        "rope_scaling.rope_type is \"yarn\"; type is \"linear\"; keep one of them")]
    [InlineData("rope_scaling", """{"rope_type":"yarn","original_max_position_embeddings":2048}""",
        "rope_scaling.original_max_position_embeddings is 2048; it must be at most max_position_embeddings, which is 1024")]
    [InlineData("partial_rotary_factor", "0.5", "partial_rotary_factor is 0.5; this family rotates whole heads,")]
    [InlineData("rope_scaling", """{"rope_type":"yarn","factor":4,"truncate":"no"}""",
        "rope_scaling.truncate is \"no\"; it must be true or false")]
    [InlineData("quantization_config", """{"bits":4}""", "quantised weights")]
    [InlineData("quantization_config", """{"quant_method":"fp8","kv_cache_scheme":{"num_bits":8}}""", "quantised weights")]
    [InlineData("quantization_config",
        """{"quant_method":"compressed-tensors","kv_cache_scheme":{"num_bits":8},"config_groups":{"group_0":{}}}""", "quantised weights")]
    [InlineData("quantization_config", """{"quant_method":"compressed-tensors","kv_cache_scheme":null,"config_groups":{}}""",
        "quantised weights")]
    [InlineData("model_type", "\"gpt2\"",
        "model_type 'gpt2' is not supported; known: gemma2, gemma3_text, gpt_oss, granite, llama, mistral, mixtral, nemotron")]
    [InlineData("model_type", "null", "model_type is missing; known: gemma2, gemma3_text, gpt_oss, granite, llama")]
    public void Impossible_field_is_refused_naming_file_field_and_value(string field, string value, string expected)
    {
        var raw = JsonFile.Read(Fixtures.Golden("families/llama-3.1/config.json"));
        raw[field] = JsonNode.Parse(value);
        var error = Assert.Throws<EspalierException>(() => Read(raw));
        Assert.StartsWith("some/config.json: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("stablelm", "use_parallel_residual", "true",
        "use_parallel_residual is true; only attention and the feed-forward block one after the other are supported")]
    [InlineData("stablelm", "qk_layernorm", "true", "qk_layernorm is true; only queries and keys without norms are supported")]
    [InlineData("stablelm", "layer_norm_eps", "0", "it must be above 0")]
    [InlineData("starcoder2", "hidden_act", "\"silu\"", "a starcoder2 model must have gelu_pytorch_tanh")]
    [InlineData("starcoder2", "sliding_window", "0", "sliding_window is 0")]
    [InlineData("starcoder2", "partial_rotary_factor", "0.5", "this family rotates whole heads,")]
    public void Impossible_fields_of_families_with_LayerNorm_are_refused(string family, string field, string value, string expected)
    {
        var raw = JsonFile.Read(Fixtures.Golden("families", family, "config.json"));
        raw[field] = JsonNode.Parse(value);
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => Read(raw)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("layer_types", """["sliding_attention"]""", "it must have one entry for each of the 3 layers")]
    [InlineData("layer_types", """["sliding_attention","full_attention","linear_attention"]""",
        "each layer must be sliding_attention or full_attention")]
    [InlineData("use_bidirectional_attention", "true", "only causal attention")]
    [InlineData("hidden_activation", "\"silu\"", "a gemma2 model must have gelu_pytorch_tanh")]
    [InlineData("query_pre_attn_scalar", "0", "it must be above 0")]
    [InlineData("final_logit_softcapping", "-1.0", "final_logit_softcapping is -1.0; it must be above 0")]
    public void Impossible_fields_of_gemma_2_are_refused(string field, string value, string expected)
    {
        var raw = JsonFile.Read(Fixtures.Golden("families/gemma2/config.json"));
        raw[field] = JsonNode.Parse(value);
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => Read(raw)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("qwen2-moe", """["full_attention"]""", "it must have one entry for each of the")]
    [InlineData("qwen2-moe", """["linear_attention","full_attention","full_attention"]""", "every layer must be full_attention here")]
    [InlineData("qwen3-moe", """["sliding_attention","full_attention","full_attention"]""", "every layer must be full_attention here")]
    public void Kinds_of_layers_that_a_family_does_not_have_are_refused(string family, string kinds, string expected)
    {
        var raw = JsonFile.Read(Fixtures.Golden("families", family, "config.json"));
        (raw["layer_types"], raw["num_hidden_layers"]) = (JsonNode.Parse(kinds), 3);
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => Read(raw)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("qwen3-5")]
    [InlineData("qwen3-next")]
    [InlineData("gemma3")]
    public void A_number_of_layers_that_no_model_has_is_refused_before_kinds_are_made(string family)
    {
        var raw = JsonFile.Read(Fixtures.Golden("families", family, "config.json"));
        raw.Remove("layer_types");
        raw["num_hidden_layers"] = int.MaxValue;
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("num_hidden_layers is 2147483647, it must be from 1 to",
            Assert.Throws<EspalierException>(() => Read(raw)).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000_000);
    }

    [Theory]
    [InlineData("""{"quant_method":"compressed-tensors","kv_cache_scheme":{"num_bits":8,"type":"float"},"config_groups":{},"ignore":[]}""")]
    [InlineData("""{"quant_method":"compressed-tensors","kv_cache_scheme":{"num_bits":8,"type":"float"},"config_groups":null}""")]
    public void Quantisation_of_the_cache_alone_is_passed_over_and_not_carried_on(string value)
    {
        var raw = JsonFile.Read(Fixtures.Golden("families/llama-3.1/config.json"));
        var plain = Read(raw);
        raw["quantization_config"] = JsonNode.Parse(value);
        var config = Read(raw);

        Assert.Equal(plain with { EosTokenIds = config.EosTokenIds }, config);
        Assert.False(FamilyCatalog.For(raw, "config.json").WriteConfig(config, raw, ElementType.BF16).ContainsKey("quantization_config"));
    }

    [Theory]
    [InlineData("""[]""")]
    [InlineData("""{"a":Nan}""")]
    [InlineData("""{"a":NaNs}""")]
    [InlineData("""{NaN:1}""")]
    [InlineData("""{"a":+Infinity}""")]
    [InlineData("""{"a":1""")]
    [InlineData("""{"a":"\ud800"}""")]
    [InlineData("""null""")]
    [InlineData("")]
    public void Json_that_is_broken_is_refused(string json) =>
        Assert.StartsWith("config.json: ",
            Assert.Throws<EspalierException>(() => JsonFile.Parse(Encoding.UTF8.GetBytes(json), "config.json")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void A_thousand_nested_arrays_are_refused() =>
        Assert.Throws<EspalierException>(() =>
            JsonFile.Parse(Encoding.UTF8.GetBytes($$"""{"a":{{new string('[', 1000)}}{{new string(']', 1000)}}}"""), "config.json"));

    [Theory]
    [InlineData("llama", """{}""", 128, 32, null)]
    [InlineData("llama", """{"head_dim":null,"num_key_value_heads":4}""", 128, 4, null)]
    [InlineData("llama", """{"head_dim":64.0}""", 64, 32, null)]
    [InlineData("mistral", """{}""", 128, 8, 4096)]
    [InlineData("mistral", """{"sliding_window":null,"num_key_value_heads":null}""", 128, 32, null)]
    [InlineData("nemotron", """{}""", 128, 48, null)]
    public void Absent_fields_have_the_defaults_of_transformers(string modelType, string json, int headDim, int kvHeads, int? window)
    {
        var raw = JsonNode.Parse(json)!.AsObject();
        raw["model_type"] = modelType;
        var config = Read(raw);
        Assert.Equal((headDim, kvHeads, window, false),
            (config.HeadDim, config.KeyValueHeads, config.LayerKinds[0].SlidingWindow, config.TiedEmbeddings));
    }

    [Theory]
    [InlineData("null", null)]
    [InlineData("""{"type":"default"}""", null)]
    [InlineData("""{"type":"linear","factor":2.0}""", "Linear { Factor = 2 }")]
    [InlineData(Llama3, "Llama3 { Factor = 8, LowFrequencyFactor = 1, HighFrequencyFactor = 4, OriginalMaxPositions = 8192 }")]
    [InlineData("""{"rope_type":"yarn","type":"yarn","factor":1.0}""",
        "Yarn { Factor = 1, BetaFast = 32, BetaSlow = 1, OriginalMaxPositions = 2048, AttentionFactor = 1 }")]
    [InlineData("""{"rope_type":"yarn","factor":2,"original_max_position_embeddings":1024,"beta_fast":16,"attention_factor":1.5}""",
        "Yarn { Factor = 2, BetaFast = 16, BetaSlow = 1, OriginalMaxPositions = 1024, AttentionFactor = 1.5 }")]
    [InlineData("""{"type":"yarn","factor":4.0,"original_max_position_embeddings":2048}""",
        "Yarn { Factor = 4, BetaFast = 32, BetaSlow = 1, OriginalMaxPositions = 2048, AttentionFactor = 1.138629436111989 }")]
    [InlineData("""{"rope_type":"yarn","factor":4.0,"original_max_position_embeddings":1638}""",
        "Yarn { Factor = 4, BetaFast = 32, BetaSlow = 1, OriginalMaxPositions = 1638, AttentionFactor = 1.138629436111989 }")]
    [InlineData("""{"rope_type":"yarn","original_max_position_embeddings":1024}""",
        "Yarn { Factor = 2, BetaFast = 32, BetaSlow = 1, OriginalMaxPositions = 1024, AttentionFactor = 1.0693147180559945 }")]
    public void Rotary_scaling_is_read_under_either_name(string scaling, string? expected)
    {
        var config = Read(new() { ["model_type"] = "llama", ["rope_scaling"] = JsonNode.Parse(scaling) });
        Assert.Equal(expected, config.Rotary.Scaling?.ToString());
    }

    [Theory]
    [InlineData("hidden_size", "1, \"hidden_size\": 48", "hidden_size appears twice, as 1 and as 48; keep one")]
    [InlineData("hidden_size", "NaN", "hidden_size is NaN, which is not a JSON number; give a finite one")]
    [InlineData("rope_theta", "-Infinity", "rope_theta is -Infinity")]
    [InlineData("eos_token_id", "[1, NaN]", "eos_token_id is NaN")]
    [InlineData("rope_scaling", """{"rope_type":"linear","factor":Infinity}""", "rope_scaling.factor is Infinity")]
    [InlineData("rope_scaling", """{"rope_type":"linear","factor":2,"factor":4}""", "rope_scaling.factor appears twice, as 2 and as 4")]
    public void What_python_alone_reads_is_refused_in_a_field_that_is_read(string field, string value, string expected)
    {
        var text = $$"""{"model_type":"llama","{{field}}":{{value}}}""";
        Assert.Equal($"some/config.json: {expected}",
            Assert.Throws<EspalierException>(() => Read(Parse(text))).Message[..(18 + expected.Length)]);
    }

    [Fact]
    public void What_python_alone_reads_is_passed_over_in_a_field_that_nobody_reads()
    {
        var raw = Parse("""
            {"model_type":"llama", "hidden_size":64, "num_attention_heads":4, "hidden_size":64, "my_loss":NaN, "my_list":[1,-Infinity], "note":"NaN, \"Infinity",
             "mine":{"a":1,"a":2}, "twice":1, "twice":[3]}
            """);
        var config = Read(raw);
        Assert.Equal(64, config.HiddenSize);
        // As Python: of two the last one counts.
        Assert.Equal("""{"a":2} [3] NaN, "Infinity""", $"{raw["mine"]!.ToJsonString()} {raw["twice"]!.ToJsonString()} {raw["note"]}");
        Assert.Equal(config.Parameters, Read(new Llama().WriteConfig(config, raw, ElementType.F32)).Parameters);
    }

    [Theory]
    [InlineData("""{"rope_type":"yarn","factor":4}""", 1.1386294361119891)]
    [InlineData("""{"rope_type":"yarn","factor":4,"mscale":1.0,"mscale_all_dim":0.5}""", 1.0648216253695715)]
    public void Yarn_s_attention_factor_is_derived_where_it_is_absent(string scaling, double expected)
    {
        var config = Read(new() { ["model_type"] = "llama", ["rope_scaling"] = JsonNode.Parse(scaling) });
        Assert.Equal(expected, Assert.IsType<RotaryScaling.Yarn>(config.Rotary.Scaling).AttentionFactor, 6);
    }

    [Fact]
    public void One_end_id_and_a_list_of_them_are_both_read()
    {
        Assert.Equal([7], Read(new() { ["model_type"] = "llama", ["eos_token_id"] = 7 }).EosTokenIds);
        Assert.Equal([7, 9], Read(new() { ["model_type"] = "llama", ["eos_token_id"] = new JsonArray(7, 9) }).EosTokenIds);
        Assert.Empty(Read(new() { ["model_type"] = "llama", ["eos_token_id"] = null }).EosTokenIds);
    }

    private static JsonObject Parse(string json) => JsonFile.Parse(Encoding.UTF8.GetBytes(json), "some/config.json");

    private static DecoderConfig Read(JsonObject raw) => FamilyCatalog.For(raw, "some/config.json").ReadConfig(raw, "some/config.json");
}
