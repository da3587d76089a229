using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Runs;

public sealed class CompareRunsTests
{
    [Theory]
    [InlineData("")]
    [InlineData(" --exact")]
    public void A_model_and_its_copy_are_equal(string options)
    {
        using var folder = new TemporaryFolder();
        var copy = Verb.Copy(Verb.Tiny, Path.Combine(folder.Path, "copy"));
        var report = Verb.Json($"compare-runs {Verb.Tiny} {copy}{options}");
        Verb.HasFields(report, "a b equal exact tolerance files lines tensors distances");
        Assert.True(report.GetProperty("equal").GetBoolean());
        Assert.True(report.GetProperty("tensors").GetInt64() > 50);
        Assert.Contains(options.Length == 0 ? "equal\n"
            : "equal, bit for bit\n", TestCommand.Launch($"compare-runs {Verb.Tiny} {copy}{options}").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void One_flipped_bit_is_named_with_exit_code_1_and_forgiven_within_a_tolerance()
    {
        using var folder = new TemporaryFolder();
        var copy = Verb.Copy(Verb.Tiny, Path.Combine(folder.Path, "copy"));
        var file = Path.Combine(copy, "model.safetensors");
        var bytes = File.ReadAllBytes(file);
        bytes[^4] ^= 1;
        File.WriteAllBytes(file, bytes);
        foreach (var options in new[] { "", "--exact" })
        {
            var (code, output, error) = TestCommand.Launch($"compare-runs {Verb.Tiny} {copy} {options}");
            Assert.Equal((1, ""), (code, error));
            Assert.Matches("first difference +model.safetensors, tensor [a-z_.0-9]+, element [0-9]+\n", output);
        }
        var json = TestCommand.Launch($"compare-runs {Verb.Tiny} {copy} --json");
        Assert.Equal(1, json.Code);
        DocumentationTests.AssertHas(DocumentationTests.Example("compare-runs"),
            System.Text.Json.JsonDocument.Parse(json.Output).RootElement, "compare-runs");
        var report = Verb.Json($"compare-runs {Verb.Tiny} {copy} --tolerance 1e-6");
        Assert.True(report.GetProperty("equal").GetBoolean());
        Assert.InRange(report.GetProperty("distances")[0].GetProperty("largest").GetDouble(), 1e-12, 1e-6);
    }

    [Fact]
    public void What_is_no_run_is_wrong_input()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("has no metrics.jsonl", Verb.Refused($"compare-runs {folder.Path} {folder.Path}"), StringComparison.Ordinal);
        Assert.Contains("not found", Verb.Refused($"compare-runs {Verb.Tiny} {folder.Path}/none"), StringComparison.Ordinal);
        Assert.Contains("leave one of them out", Verb.Refused($"compare-runs {Verb.Tiny} {Verb.Tiny} --exact --tolerance 1e-3"),
            StringComparison.Ordinal);
    }
}
