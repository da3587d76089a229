using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Folders;

public sealed class InspectTests
{
    [Fact]
    public void The_documented_fields_are_there()
    {
        var facts = Verb.Json($"inspect {Verb.Teacher} --check");
        Verb.HasFields(facts,
            "path family parameters non_embedding_parameters bytes weights files memory_bytes kv_cache_bytes_per_token integrity "
            + "hidden_size intermediate_size num_hidden_layers num_attention_heads num_key_value_heads head_dim vocab_size "
            + "tie_word_embeddings rope_theta "
            + "max_position_embeddings hidden_act rms_norm_eps model_type dtype bos_token_id eos_token_id");
        Assert.Equal("llama", facts.GetProperty("family").GetString());
        Assert.Equal(7_344_384, facts.GetProperty("parameters").GetInt64());
        Assert.Equal(6_295_808, facts.GetProperty("non_embedding_parameters").GetInt64());
        Assert.Equal(2 * 7_344_384, facts.GetProperty("bytes").GetInt64());
        Assert.Equal(32, facts.GetProperty("head_dim").GetInt32());
        Assert.Equal("bfloat16", facts.GetProperty("dtype").GetString());
        Assert.Equal(2 * 8 * 4 * 32 * 2, facts.GetProperty("kv_cache_bytes_per_token").GetProperty("bf16").GetInt64());
        Assert.Equal("weights", facts.GetProperty("integrity").GetString());
    }

    [Fact]
    public void A_config_alone_is_enough()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Verb.Teacher, "config.json"), Path.Combine(folder.Path, "config.json"));
        var facts = Verb.Json($"inspect {folder.Path}");
        Assert.Equal(7_344_384, facts.GetProperty("parameters").GetInt64());
        Assert.Equal(0, facts.GetProperty("bytes").GetInt64());
        Assert.False(facts.GetProperty("weights").GetBoolean());
        Assert.Equal("config", facts.GetProperty("integrity").GetString());
        Assert.Contains("no weights here", TestCommand.Launch($"inspect {folder.Path}").Output);
        Assert.Contains("model.safetensors", Verb.Refused($"inspect {folder.Path} --check"));
    }

    [Fact]
    public void Theta_and_scaling_are_told_alike_whichever_form_the_config_has()
    {
        using var folder = new TemporaryFolder();
        var raw = JsonNode.Parse(File.ReadAllText(Fixtures.Golden("families", "llama-3.1", "config.json")))!.AsObject();
        var path = Path.Combine(folder.Path, "config.json");
        File.WriteAllText(path, raw.ToJsonString());
        var older = Verb.Json($"inspect {folder.Path}");
        var parameters = (JsonObject)raw["rope_scaling"]!.DeepClone();
        parameters["rope_theta"] = 500000.0;
        raw.Remove("rope_theta");
        raw.Remove("rope_scaling");
        raw["rope_parameters"] = parameters;
        File.WriteAllText(path, raw.ToJsonString());
        var newer = Verb.Json($"inspect {folder.Path}");
        foreach (var field in new[] { "rope_theta", "rope_scaling" })
            Assert.True(JsonElement.DeepEquals(older.GetProperty(field), newer.GetProperty(field)), newer.ToString());
        Assert.True(newer.TryGetProperty("rope_parameters", out _));
    }

    [Theory]
    [InlineData("nemotron-h", "6 (3 Mamba, 2 feed-forward, 1 attention)")]
    [InlineData("qwen3-5", "5 (3 linear attention, 2 attention)")]
    [InlineData("qwen3-next-mixed", "4 (3 linear attention with experts, 1 attention dense)")]
    [InlineData("gemma3", "4 (3 with a window of 10, 1 with full attention)")]
    [InlineData("olmo3", "4 (3 with a window of 10, 1 with full attention)")]
    [InlineData("smollm3", "5 (4 with rotary positions, 1 without positions)")]
    [InlineData("qwen3-moe-mixed", "3 (2 with experts, 1 dense)")]
    [InlineData("gpt-oss", "4 with experts (2 with a window of 10, 2 with full attention)")]
    [InlineData("mixtral", "3 with experts")]
    [InlineData("llama-3.1", null)]
    public void Layers_of_several_kinds_are_counted_by_kind(string family, string? expected)
    {
        var (code, output, _) = TestCommand.Launch($"inspect {Fixtures.Golden("families", family)}");
        Assert.Equal(0, code);
        var line = output.Split('\n').SingleOrDefault(line => line.TrimStart().StartsWith("layers ", StringComparison.Ordinal));
        Assert.Equal(expected, line?.Trim()["layers".Length..].Trim());
    }

    [Fact]
    public void A_hybrid_shows_its_mixers_and_no_experts_that_it_has_not()
    {
        var folder = Fixtures.Golden("families", "nemotron-h");
        var (_, output, _) = TestCommand.Launch($"inspect {folder}");
        string[] Names(string text) => [.. text.Split('\n').Select(line => line.TrimStart().Split("  ")[0].Trim())];
        foreach (var name in new[] { "mamba_num_heads", "mamba_head_dim", "ssm_state_size", "conv_kernel", "Mamba state" })
            Assert.Contains(name, Names(output));
        Assert.DoesNotContain(Names(output), name => name.Contains("expert", StringComparison.Ordinal)
            || name.StartsWith("moe", StringComparison.Ordinal));
        // Three mixers: 60 channels of a state of 12 in float32, and three inputs of 60 + 2 * 2 * 12 channels in the type of the rest.
        var state = Verb.Json($"inspect {folder}").GetProperty("state_bytes_per_text");
        Assert.Equal((3 * (4 * 60 * 12 + 4 * 3 * 108), 3 * (4 * 60 * 12 + 2 * 3 * 108)),
            (state.GetProperty("f32").GetInt32(), state.GetProperty("bf16").GetInt32()));
        (_, output, _) = TestCommand.Launch($"inspect {Fixtures.Golden("families", "mixtral")}");
        Assert.Contains("num_experts_per_tok", Names(output));
        (_, output, _) = TestCommand.Launch($"inspect {Fixtures.Golden("families", "qwen3-next")}");
        Assert.Contains("shared_expert_intermediate_size", Names(output));
        Assert.Contains("linear attention's state", Names(output));
        // Three layers: 4 heads of 10 by 12 numbers, and three inputs of 4 * 10 + 2 * 2 * 12 channels.
        Assert.Equal(3 * 4 * (4 * 10 * 12 + 3 * (40 + 48)),
            Verb.Json($"inspect {Fixtures.Golden("families", "qwen3-5")}").GetProperty("state_bytes_per_text").GetProperty("f32").GetInt32());
    }

    /// <summary>Whichever form the folder has for it.</summary>
    [Theory]
    [InlineData("stablelm")]
    [InlineData("nemotron")]
    public void A_part_of_a_head_that_turns_is_shown(string family)
    {
        var (_, output, _) = TestCommand.Launch($"inspect {Fixtures.Golden("families", family)}");
        var line =
            Assert.Single(output.Split('\n'), line => line.TrimStart().StartsWith("partial_rotary_factor ", StringComparison.Ordinal));
        Assert.InRange(
            double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture),
            0.1, 0.9);
    }

    [Fact]
    public void A_gguf_file_is_counted_alike()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "model.gguf");
        _ = Verb.Json($"export {Verb.Tiny} --output {file}");
        var (facts, model) = (Verb.Json($"inspect {file}"), Verb.Json($"inspect {Verb.Tiny}"));
        Verb.HasFields(facts, "path family parameters non_embedding_parameters bytes dtype tensors metadata");
        foreach (var field in new[] { "parameters", "non_embedding_parameters", "bytes" })
            Assert.Equal(model.GetProperty(field).GetInt64(), facts.GetProperty(field).GetInt64());
        Assert.Contains("--check", Verb.Refused($"inspect {file} --check"));
    }
}
