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
    public void Taylor_scores_are_those_of_the_reference()
    {
        using var folder = new TemporaryFolder();
        using var calibration = new GoldenTensors(Fixtures.Golden("pruning", "calibration.safetensors"));
        var ids = Verb.WriteIds(folder.Path, "ids.i32", calibration.Longs("input_ids").Select(id => (int)id));
        var result = Verb.Json($"score {Verb.Tiny} --ids {ids} --samples 16 --seq 31 --method taylor --threads 1");
        Verb.HasFields(result, "version method samples sample_length teacher calibration axes model");
        Assert.False(result.TryGetProperty("batch", out _) || result.GetProperty("axes").TryGetProperty("channels_per_norm", out _));
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "scores.safetensors"));
        GoldenTensors.AssertClose(golden.Doubles("taylor.head"), [.. Flat(result.GetProperty("axes").GetProperty("heads"))], 0, 1e-4, "taylor.head");
    }

    [Fact]
    public void Magnitudes_need_no_text()
    {
        var result = Verb.Json($"score {Verb.Tiny} --method magnitude --spans 2 --threads 1");
        Verb.HasFields(result, "version method teacher axes model");
        Assert.False(result.TryGetProperty("samples", out _));
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "scores.safetensors"));
        GoldenTensors.AssertClose(golden.Doubles("magnitude.neuron"), [.. Flat(result.GetProperty("axes").GetProperty("neurons"))], 0, 1e-9, "magnitude.neuron");
        Assert.Contains("weight magnitude", TestCommand.Launch($"score {Verb.Tiny} --method magnitude --threads 1").Output);
    }

    [Fact]
    public void The_value_that_is_read_of_neurons_can_be_chosen_and_is_told()
    {
        JsonElement Score(string options) => Verb.Json($"score {Verb.Tiny} --ids 1,2,3,4 --samples 1 --seq 3 --threads 1 {options}");
        var (usual, before) = (Score(""), Score("--neurons pre-activation"));
        Assert.Equal(("down-input", "pre-activation"), (usual.GetProperty("neuron_values").GetString(), before.GetProperty("neuron_values").GetString()));
        Assert.NotEqual(usual.GetProperty("axes").GetProperty("neurons").GetRawText(), before.GetProperty("axes").GetProperty("neurons").GetRawText());
        Assert.Equal(usual.GetProperty("axes").GetProperty("heads").GetRawText(), before.GetProperty("axes").GetProperty("heads").GetRawText());
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
    [InlineData("--ids 1,2,3", "fewer than one window")]
    [InlineData("--ids 1,2,3,4,5,6 --seq 2", "256 calibration samples")]
    [InlineData("--ids 1,2,3,4 --samples 1 --seq 3 --spans 9", "9")]
    [InlineData("--ids 1,2,3,4 --samples 1 --seq 3 --spans 1,two", "'two'")]
    [InlineData("--ids 1,2,3,4 --samples 0", "--samples is 0")]
    [InlineData("--ids 1,2,3,4 --batch-aggregation l3", "l2")]
    [InlineData("--ids 1,2,3 --method hessian", "activation, taylor, magnitude")]
    [InlineData("--ids 1,2,3 --method magnitude", "--method is magnitude, which reads weights alone")]
    [InlineData("--method magnitude --samples 3", "--samples was given and --method is magnitude")]
    [InlineData("--ids 1,2,3 --method taylor --neurons down-input", "--neurons was given and --method is taylor")]
    [InlineData("--method taylor", "--ids")]
    [InlineData("--method magnitude --spans 9", "9")]
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
