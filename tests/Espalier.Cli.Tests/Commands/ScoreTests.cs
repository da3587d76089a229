using System.Text.Json;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands;

public sealed class ScoreTests : TorchTest
{
    [Fact]
    public void Scores_are_those_of_the_reference_on_every_axis()
    {
        using var folder = new TemporaryFolder();
        var result = Verb.Json($"score {Verb.Tiny} {GoldenCalibration.Arguments(folder.Path)} --spans 1,2 --threads 1");
        Verb.HasFields(result, "version batch sequence samples sample_length teacher calibration axes model");
        var axes = result.GetProperty("axes");
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "scores.safetensors"));
        void Same(string name, JsonElement values) =>
            GoldenTensors.AssertClose(golden.Doubles(name), [.. Flat(values)], 0, 1e-5, name);
        Same("neuron.l2.mean", axes.GetProperty("neurons"));
        Same("head.l2.mean", axes.GetProperty("heads"));
        Same("channel.l2.mean", axes.GetProperty("channels"));
        Same("channel_per_norm.l2.mean", axes.GetProperty("channels_per_norm"));
        Same("block_influence.1", axes.GetProperty("layers").GetProperty("1"));
        Same("block_influence.2", axes.GetProperty("layers").GetProperty("2"));
    }

    [Fact]
    public void Aggregations_can_be_chosen()
    {
        using var folder = new TemporaryFolder();
        var result = Verb.Json($"score {Verb.Tiny} {GoldenCalibration.Arguments(folder.Path)} --batch-aggregation variance --sequence-aggregation l2 --threads 1");
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "scores.safetensors"));
        GoldenTensors.AssertClose(golden.Doubles("neuron.var.l2"), [.. Flat(result.GetProperty("axes").GetProperty("neurons"))], 0, 1e-4, "neuron.var.l2");
    }

    [Fact]
    public void A_text_is_scored_and_shown()
    {
        var (code, output, error) = TestCommand.Launch($"score {Verb.Teacher} {Verb.Teacher}/self-written.jsonl --samples 2 --seq 32 --threads 1");
        Assert.True(code == 0, error);
        Assert.Contains("block influence", output);
        Assert.Contains("256 channels", output);
    }

    [Theory]
    [InlineData("--stream", "layer by layer")]
    [InlineData("--memory 0.001MB", "residual streams of 0.29 MB go to ")]
    public void A_model_that_is_read_layer_by_layer_has_the_same_scores_and_it_is_said(string option, string said)
    {
        using var folder = new TemporaryFolder();
        var line = $"score {Verb.Tiny} {GoldenCalibration.Arguments(folder.Path)} --spans 1,3 --threads 1 --json";
        var (_, loaded, silence) = TestCommand.Launch(line);
        var (code, streamed, error) = TestCommand.Launch($"{line} {option} --output {folder.Path}/scores.json");
        Assert.True(code == 0, error);
        Assert.Contains(said, error);
        Assert.DoesNotContain("layer by layer", silence);
        Assert.Equal(JsonDocument.Parse(loaded).RootElement.GetProperty("axes").GetRawText(), JsonDocument.Parse(streamed).RootElement.GetProperty("axes").GetRawText());
        Assert.Equal(["calibration.i32", "scores.json"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("--ids 1,2,3 --memory much", "--memory is 'much'")]
    [InlineData("--ids 1,2,3 --memory -1GB", "4GB")]
    [InlineData("--ids 1,2,3", "fewer than one window")]
    [InlineData("--ids 1,2,3,4,5,6 --seq 2", "256 calibration samples")]
    [InlineData("--ids 1,2,3,4 --samples 1 --seq 3 --spans 9", "9")]
    [InlineData("--ids 1,2,3,4 --samples 1 --seq 3 --spans 1,two", "'two'")]
    [InlineData("--ids 1,2,3,4 --samples 0", "--samples is 0")]
    [InlineData("--ids 1,2,3,4 --batch-aggregation l3", "l2")]
    [InlineData("", "--ids")]
    public void Wrong_input_is_one_line(string arguments, string named) =>
        Assert.Contains(named, Verb.Refused($"score {Verb.Tiny} {arguments}"));

    [Fact]
    public void Scores_are_never_written_over_a_model()
    {
        using var folder = new TemporaryFolder();
        var model = Verb.Copy(Verb.Tiny, Path.Combine(folder.Path, "model"));
        Assert.Contains("inside", Verb.Refused($"score {model} --ids 1,2,3 --output {model}/config.json"));
    }

    private static IEnumerable<double> Flat(JsonElement values) =>
        values.ValueKind == JsonValueKind.Array ? values.EnumerateArray().SelectMany(Flat) : [values.GetDouble()];
}
