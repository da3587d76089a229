using Espalier.Cli.Tests.Commands;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Recipes;

public sealed class PlanCommandTests
{
    private static string Recipe(string name) => Path.Combine(Fixtures.Root, "recipes", name);

    [Fact]
    public void Json_has_the_documented_fields()
    {
        var (code, output, error) = TestCommand.Launch($"plan {Recipe("llama-3.1-8b-width-4b.yaml")} --gflops 100 --json");
        Assert.Equal((0, ""), (code, error));
        var plan = JsonDocument.Parse(output).RootElement;
        Assert.Equal(8_030_261_248, plan.GetProperty("teacher").GetProperty("parameters").GetInt64());
        var student = plan.GetProperty("student");
        Assert.Equal(4_512_746_496, student.GetProperty("parameters").GetInt64());
        Assert.Equal(3_724_741_632, student.GetProperty("non_embedding_parameters").GetInt64());
        Assert.Equal((3072, 9216, 32, 8, 128),
            (Of("hidden_size"), Of("intermediate_size"), Of("num_attention_heads"), Of("num_key_value_heads"), Of("head_dim")));
        Assert.Equal(2L * 32 * 8 * 128 * 2, student.GetProperty("kv_cache_bytes_per_token_bfloat16").GetInt64());
        Assert.False(plan.GetProperty("teacher_has_weights").GetBoolean());
        Assert.Equal(7, plan.GetProperty("stages").GetArrayLength());
        Assert.Equal(6, plan.GetProperty("times").GetArrayLength());
        foreach (var name in (string[])["teacher_folder", "non_embedding_kept", "tokens", "flops", "disk", "disk_bytes", "warnings",
            "neighbours"])
            Assert.True(plan.TryGetProperty(name, out _), name);

        int Of(string name) => student.GetProperty(name).GetInt32();
    }

    [Fact]
    public void Graphics_processors_are_spoken_of_only_where_the_table_has_some()
    {
        Assert.Contains("GPUs are listed", TestCommand.Launch($"plan {Recipe("llama-3.1-8b-depth-4b.yaml")} --gflops 100").Output,
            StringComparison.Ordinal);
        var own = TestCommand.Launch($"plan {Recipe("quickstart.yaml")} --gflops 100").Output;
        Assert.DoesNotContain("one A100", own, StringComparison.Ordinal);
        Assert.DoesNotContain("GPUs are listed", own, StringComparison.Ordinal);
    }

    [Fact]
    public void The_page_names_stages_shapes_sizes_and_warnings()
    {
        var (code, output, _) = TestCommand.Launch($"plan {Recipe("llama-3.1-8b-depth-4b.yaml")} --gflops 100");
        Assert.Equal(0, code);
        foreach (var text in (string[])["4,540,469,248", "layers 32 to 16", "one A100", "this machine", "distill", "gguf-q8_0", "warning: ",
            "days", "years"])
            Assert.Contains(text, output);
    }

    [Theory]
    [InlineData("cuda:99", "cuda:99 cannot be used")]
    [InlineData("graphics", "device is 'graphics'; it must be auto, cpu, cuda or cuda:N")]
    public void A_device_that_compress_refuses_is_refused_in_the_same_words(string device, string expected)
    {
        var refused = Verb.Refused($"plan {Recipe("quickstart.yaml")} --device {device}");
        Assert.Contains(expected, refused);
        Assert.Equal(refused, Verb.Refused($"evaluate {Verb.Tiny} --ids 1,2,3 --device {device}"));
    }

    [Theory]
    [InlineData("plan gone.yaml", "gone.yaml: not found")]
    [InlineData("plan", "RECIPE")]
    [InlineData("plan gone.yaml --gflops 0", "--gflops is 0; it must be above 0")]
    public void Wrong_input_is_one_line_and_code_2(string line, string expected)
    {
        var (code, output, error) = TestCommand.Launch(line);
        Assert.Equal((2, ""), (code, output));
        Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.Contains(expected, error);
    }
}
