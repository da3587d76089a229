using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Pruning;

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
        var result =
            Verb.Json(
                $"score {Verb.Tiny} {GoldenCalibration.Arguments(folder.Path)} --batch-aggregation variance --sequence-aggregation l2 "
                    + $"--threads 1");
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "scores.safetensors"));
        GoldenTensors.AssertClose(golden.Doubles("neuron.var.l2"), [.. Flat(result.GetProperty("axes").GetProperty("neurons"))], 0, 1e-4,
            "neuron.var.l2");
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
        GoldenTensors.AssertClose(golden.Doubles("taylor.head"), [.. Flat(result.GetProperty("axes").GetProperty("heads"))], 0, 1e-4,
            "taylor.head");
    }

    [Fact]
    public void Magnitudes_need_no_text()
    {
        var result = Verb.Json($"score {Verb.Tiny} --method magnitude --spans 2 --threads 1");
        Verb.HasFields(result, "version method teacher axes model");
        Assert.False(result.TryGetProperty("samples", out _));
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "scores.safetensors"));
        GoldenTensors.AssertClose(golden.Doubles("magnitude.neuron"), [.. Flat(result.GetProperty("axes").GetProperty("neurons"))], 0, 1e-9,
            "magnitude.neuron");
        Assert.Contains("weight magnitude", TestCommand.Launch($"score {Verb.Tiny} --method magnitude --threads 1").Output);
    }

    [Fact]
    public void The_value_that_is_read_of_neurons_can_be_chosen_and_is_told()
    {
        JsonElement Score(string options) => Verb.Json($"score {Verb.Tiny} --ids 1,2,3,4 --samples 1 --seq 3 --threads 1 {options}");
        var (usual, before) = (Score(""), Score("--neurons pre-activation"));
        Assert.Equal(("intermediate", "pre-activation"),
            (usual.GetProperty("neuron_values").GetString(), before.GetProperty("neuron_values").GetString()));
        Assert.NotEqual(usual.GetProperty("axes").GetProperty("neurons").GetRawText(),
            before.GetProperty("axes").GetProperty("neurons").GetRawText());
        Assert.Equal(usual.GetProperty("axes").GetProperty("heads").GetRawText(),
            before.GetProperty("axes").GetProperty("heads").GetRawText());
    }

    [Fact]
    public void A_text_is_scored_and_shown()
    {
        var (code, output, error) =
            TestCommand.Launch($"score {Verb.Teacher} {Verb.Teacher}/self-written.jsonl --samples 2 --seq 32 --threads 1");
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
        Assert.Equal(JsonDocument.Parse(loaded).RootElement.GetProperty("axes").GetRawText(),
            JsonDocument.Parse(streamed).RootElement.GetProperty("axes").GetRawText());
        Assert.Equal(["calibration.i32", "scores.json"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order());
    }

    [Theory]
    [InlineData("--ids 1,2,3 --memory much", "--memory is 'much'")]
    [InlineData("--ids 1,2,3 --memory -1GB", "4GB")]
    [InlineData("--ids 1,2,3", "fewer than one window")]
    [InlineData("--ids 1,2,3,4,5,6 --seq 2", "256 calibration samples")]
    [InlineData("--ids 1,2,3,4 --samples 1 --seq 3 --spans 9", "9")]
    [InlineData("--ids 1,2,3,4 --samples 1 --seq 3 --spans 1,two", "--spans: two is not a whole number from 1; give something like 1,2,4")]
    [InlineData("--ids 1,2,3,4 --samples 0", "--samples is 0")]
    [InlineData("--ids 1,2,3,4 --batch-aggregation l3", "l2")]
    [InlineData("--ids 1,2,3 --method hessian", "activation, taylor, magnitude, redundancy, random")]
    [InlineData("--ids 1,2,3 --method magnitude", "--method is magnitude, which reads no text")]
    [InlineData("--method magnitude --samples 3", "--samples is 3; --method is magnitude, which reads no text")]
    [InlineData("--ids 1,2,3 --method taylor --neurons intermediate",
        "--neurons is intermediate; it is for activations, but --method is taylor")]
    [InlineData("--method taylor", "--ids")]
    [InlineData("--method magnitude --spans 9", "9")]
    [InlineData("--ids 1,2,3 --seed 3", "--seed is for --method random")]
    [InlineData("--ids 1,2,3 --aggregators all", "--output")]
    [InlineData("--ids 1,2,3 --aggregators all --output OUT --batch-aggregation l2", "--aggregators all and --batch-aggregation")]
    [InlineData("--ids 1,2,3 --aggregators all --output OUT --method redundancy", "--method is redundancy")]
    [InlineData("--ids 1,2,3 --keep 0.5", "--keep is for --compare")]
    [InlineData("--ids 1,2,3 --compare a.json b.json", "--compare reads only two files of scores")]
    [InlineData("", "--ids")]
    public void Wrong_input_is_one_line(string arguments, string named) =>
        Assert.Contains(named, Verb.Refused($"score {Verb.Tiny} {arguments}"));

    [Fact]
    public void Nothing_to_score_is_one_line()
    {
        Assert.Contains("no model was given", Verb.Refused("score"));
        Assert.Contains("--compare", Verb.Refused("score --compare a.json"));
        Assert.Contains("missing.json", Verb.Refused("score --compare missing.json missing.json"));
        foreach (var unread in (string[])["--spans 1,2", "--seed 3", "--aggregators all", "--stream", "--memory 1GB"])
            Assert.Contains("--compare reads only two files", Verb.Refused($"score --compare missing.json missing.json {unread}"));
    }

    [Fact]
    public void All_aggregators_are_nine_files_of_one_pass_each_as_alone()
    {
        using var folder = new TemporaryFolder();
        var arguments = GoldenCalibration.Arguments(folder.Path);
        var output = Path.Combine(folder.Path, "scores");
        var result = Verb.Json($"score {Verb.Tiny} {arguments} --aggregators all --spans 2 --output {output} --threads 1");
        string[] files = [.. result.GetProperty("files").EnumerateArray().Select(file => file.GetString()!).Order()];
        Assert.Equal(9, files.Length);
        Assert.Equal(files, Directory.GetFiles(output).Select(file => Path.GetFileName(file)!).Order());
        Assert.Contains("l2-mean.json", files);
        _ = Verb.Json(
            $"score {Verb.Tiny} {arguments} --spans 2 --batch-aggregation variance --sequence-aggregation l2 --output "
                + $"{folder.Path}/alone.json --threads 1");
        Assert.Equal(File.ReadAllText(Path.Combine(folder.Path, "alone.json")), File.ReadAllText(Path.Combine(output, "variance-l2.json")));
        Assert.Contains("not empty", Verb.Refused($"score {Verb.Tiny} {arguments} --aggregators all --output {output}"));
    }

    [Fact]
    public void Two_files_of_scores_are_compared_axis_by_axis_and_their_provenance_told()
    {
        using var folder = new TemporaryFolder();
        var (a, b) = (Path.Combine(folder.Path, "a.json"), Path.Combine(folder.Path, "b.json"));
        _ = Verb.Json($"score {Verb.Tiny} {GoldenCalibration.Arguments(folder.Path)} --output {a} --threads 1");
        _ = Verb.Json($"score {Verb.Tiny} --method magnitude --output {b} --threads 1");
        var same = Verb.Json($"score --compare {a} {a}");
        Assert.Empty(same.GetProperty("differences").EnumerateArray());
        Assert.All(same.GetProperty("axes").EnumerateArray(), axis =>
            Assert.Equal((1.0, 1.0, 1.0),
                (axis.GetProperty("correlation").GetDouble(), axis.GetProperty("network_correlation").GetDouble(),
                    axis.GetProperty("overlap").GetDouble())));

        var other = Verb.Json($"score --compare {a} {b} --keep 50% --hidden 32");
        var axes = other.GetProperty("axes").EnumerateArray().ToArray();
        Assert.Equal(["neurons", "heads", "channels", "layers"], axes.Select(axis => axis.GetProperty("axis").GetString()));
        Assert.Equal([48, 4, 32, 3], axes.Select(axis => axis.GetProperty("kept").GetInt32()));
        Assert.Equal(6, axes[0].GetProperty("correlation_per_layer").GetArrayLength());
        Assert.False(axes[2].TryGetProperty("correlation_per_layer", out _));
        Assert.Contains("method",
            other.GetProperty("differences").EnumerateArray().Select(difference => difference.GetProperty("field").GetString()));

        var page = TestCommand.Launch($"score --compare {a} {b}").Output;
        Assert.Contains("method differs: activation and magnitude", page);
        Assert.Contains("kept by both", page);
        Assert.Contains("--keep is 2", Verb.Refused($"score --compare {a} {b} --keep 2"));
        Assert.Contains("49 channels", Verb.Refused($"score --compare {a} {b} --hidden 49"));
    }

    [Theory]
    [InlineData("redundancy", "version method batch sequence neuron_values samples sample_length teacher calibration axes")]
    [InlineData("random --seed 5", "version method seed teacher axes")]
    public void The_other_controls_say_what_they_are(string method, string fields)
    {
        using var folder = new TemporaryFolder();
        var text = method == "redundancy" ? GoldenCalibration.Arguments(folder.Path) : "";
        Verb.HasFields(Verb.Json($"score {Verb.Tiny} {text} --method {method} --threads 1"), fields);
    }

    [Fact]
    public void The_page_has_least_median_and_most_of_every_axis_and_the_networks_sums()
    {
        var page = TestCommand.Launch($"score {Verb.Tiny} --ids 1,2,3,4 --samples 1 --seq 3 --threads 1").Output;
        foreach (var word in (string[])["heads: least", "neurons: least", "median", "< 1 %", "whole network", "sum", "channels"])
            Assert.Contains(word, page);
    }

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
