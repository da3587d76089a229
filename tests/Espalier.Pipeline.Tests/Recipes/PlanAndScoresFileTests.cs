using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Residuals;
using Espalier.Compression.Importance.Values;
using Espalier.Compression.Pruning;

namespace Espalier.Tests.Recipes;

public sealed class PlanAndScoresFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-plan-").FullName;

    private string JsonPath => Path.Combine(_folder, "file.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static PruningPlan Plan => new()
    {
        Method = "by \"hand\"",
        Kept = new() { [Axis.Layers] = [[0, 2]], [Axis.Hidden] = [[1, 3, 4]], [Axis.Heads] = [[0, 3], [1, 2]], [Axis.Ffn] = [[5], [0]] },
    };

    private static ImportanceScores Scores => new()
    {
        Batch = "l2",
        Sequence = "mean",
        Samples = 3_000_000_000,
        SampleLength = 128,
        Teacher = "ab",
        Calibration = "cd",
        Units = new() { [Axis.Ffn] = [[0.1, 1e-300], [double.MaxValue, -0.0]], [Axis.Heads] = [[1 / 3.0], [2]], [Axis.Hidden] = [[3, 4]] },
        ChannelsPerNorm = [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]],
        BlockInfluence = new Dictionary<int, double[]> { [1] = [0.5, 0.25], [2] = [0.75] },
    };

    [Fact]
    public void A_plan_reads_back_as_it_was_written()
    {
        PlanFile.Write(JsonPath, Plan);
        var back = PlanFile.Read(JsonPath);
        Assert.Equal((Plan.Version, Plan.Method), (back.Version, back.Method));
        Assert.Equal(Plan.Layers, back.Layers);
        Assert.Equal(Plan.Kept[Axis.Hidden]![0], back.Kept[Axis.Hidden]![0]);
        Assert.Equal(Plan.Kept[Axis.Heads]!, back.Kept[Axis.Heads]!);
        Assert.Equal(Plan.Kept[Axis.Ffn]!, back.Kept[Axis.Ffn]!);
        Assert.Contains("\"channels\": [1, 3, 4]", File.ReadAllText(JsonPath));
    }

    [Theory]
    [InlineData("{", "not valid JSON")]
    [InlineData("[]", "the file must be a JSON object")]
    [InlineData("""{"version": 2}""", "version 2 is newer than 1")]
    [InlineData("""{"version": "1"}""", "version is \"1\"; it must be a whole number from 1")]
    [InlineData("""{"version": 1, "layer": [0]}""", "there is no field layer: did you mean layers?")]
    [InlineData("""{"version": 1, "version": 1}""", "not valid JSON")]
    [InlineData("""{"version": 1}""", "layers is missing; it must be a list")]
    [InlineData("""{"version": 1, "layers": []}""", "layers must be a list with at least one number")]
    [InlineData("""{"version": 1, "layers": [0, -1]}""", "layers[1] is -1; indices are whole numbers from 0")]
    [InlineData("""{"version": 1, "layers": [0, 1.5]}""", "layers[1] is 1.5;")]
    [InlineData("""{"version": 1, "layers": [0, [1]]}""", "layers[1] is not a number;")]
    [InlineData("""{"version": 1, "layers": [0], "channels": [0], "heads": [0]}""", "heads[0] must be a list")]
    [InlineData("""{"version": 1, "layers": [0], "channels": [0], "heads": [[0, 99999999999]]}""", "heads[0][1] is 99999999999;")]
    [InlineData("""{"version": 1, "layers": [0], "channels": [0], "heads": {}}""", "heads is an object; it must be a list of lists")]
    public void A_wrong_plan_is_refused_by_field(string json, string expected)
    {
        File.WriteAllText(JsonPath, json);
        var message = Assert.Throws<EspalierException>(() => PlanFile.Read(JsonPath)).Message;
        Assert.StartsWith(JsonPath, message);
        Assert.Contains(expected, message);
    }

    [Fact]
    public void Scores_read_back_bit_for_bit()
    {
        ScoresFile.Write(JsonPath, Scores);
        var back = ScoresFile.Read(JsonPath);
        Assert.Equal((Scores.Batch, Scores.Sequence, Scores.Samples, Scores.SampleLength, Scores.Teacher, Scores.Calibration),
            (back.Batch, back.Sequence, back.Samples, back.SampleLength, back.Teacher, back.Calibration));
        Assert.Equal(Scores.Units[Axis.Ffn]!, back.Units[Axis.Ffn]!);
        Assert.True(double.IsNegative(back.Units[Axis.Ffn]![1][1]));
        Assert.Equal(Scores.Units[Axis.Heads]!, back.Units[Axis.Heads]!);
        Assert.Equal(Scores.Units[Axis.Hidden]![0], back.Units[Axis.Hidden]![0]);
        Assert.Equal(Scores.ChannelsPerNorm, back.ChannelsPerNorm);
        Assert.Equal(Scores.BlockInfluence.OrderBy(pair => pair.Key), back.BlockInfluence.OrderBy(pair => pair.Key));
    }

    [Theory]
    [InlineData(ScoreMethod.Taylor, 7, 128)]
    [InlineData(ScoreMethod.Magnitude, 0, 0)]
    [InlineData(ScoreMethod.Random, 0, 0)]
    public void Scores_by_weights_read_back_without_what_belongs_to_activations(ScoreMethod method, long samples, int length)
    {
        ScoresFile.Write(JsonPath,
            Scores with
            {
                Method = method,
                Batch = "",
                Sequence = "",
                Samples = samples,
                SampleLength = length,
                ChannelsPerNorm = [],
                Seed = method == ScoreMethod.Random ? 5 : 0
            });
        var back = ScoresFile.Read(JsonPath);
        Assert.Equal((method, "", "", samples, length), (back.Method, back.Batch, back.Sequence, back.Samples, back.SampleLength));
        Assert.Empty(back.ChannelsPerNorm);
        Assert.Equal(Scores.Units[Axis.Hidden]![0], back.Units[Axis.Hidden]![0]);
        Assert.Equal(method switch { ScoreMethod.Taylor => "taylor", ScoreMethod.Random => "random, seed 5", _ => "weight magnitude" },
            back.How);
    }

    [Fact]
    public void The_value_of_a_neuron_that_was_read_is_recorded_and_version_1_has_the_down_projections_input()
    {
        ScoresFile.Write(JsonPath, Scores with { NeuronValues = NeuronValues.PreActivation });
        Assert.Equal(NeuronValues.PreActivation, ScoresFile.Read(JsonPath).NeuronValues);
        var older = ScoresFile.ToJson(Scores);
        Assert.True(older.Remove("method") && older.Remove("neuron_values"));
        older["version"] = 1;
        File.WriteAllText(JsonPath, older.ToJsonString());
        var back = ScoresFile.Read(JsonPath);
        Assert.Equal((ScoreMethod.Activation, NeuronValues.Intermediate, "importance (l2, mean)"),
            (back.Method, back.NeuronValues, back.How));
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public void Up_to_version_2_the_teacher_is_a_folder_and_stays_one_when_it_is_written_again(int version, bool folder)
    {
        var json = ScoresFile.ToJson(Scores);
        json["version"] = version;
        File.WriteAllText(JsonPath, json.ToJsonString());
        var read = ScoresFile.Read(JsonPath);
        Assert.Equal((folder, "ab"), (read.NamesFolder, read.Teacher));
        Assert.Equal(version, ScoresFile.ToJson(read)["version"]!.GetValue<int>());
        Assert.False(Scores.NamesFolder);
    }

    [Fact]
    public void The_json_of_scores_has_axes_with_the_values_per_layer_and_network_wide()
    {
        var axes = ScoresFile.ToJson(Scores)["axes"]!;
        Assert.Equal(["neurons", "heads", "channels", "channels_per_norm", "layers"], axes.AsObject().Select(field => field.Key));
        Assert.Equal(0.1, axes["neurons"]![0]![0]!.GetValue<double>());
        Assert.Equal(0.25, axes["layers"]!["1"]![1]!.GetValue<double>());
        Assert.Equal(4, axes["channels"]![1]!.GetValue<double>());
    }

    [Fact]
    public void A_score_that_is_not_finite_is_named()
    {
        var broken = Scores with { Units = Scores.Units.With(Axis.Heads, [[1], [double.NaN]]) };
        Assert.Contains("heads[1][0] is NaN", Assert.Throws<EspalierException>(() => ScoresFile.Write(JsonPath, broken)).Message);
        Assert.False(File.Exists(JsonPath));
    }

    [Theory]
    [InlineData("batch", "\"l3\"", "batch is \"l3\"; it must be one of l2, mean, variance")]
    [InlineData("method", "\"hessian\"", "method is \"hessian\"; it must be one of activation, taylor, magnitude, redundancy, random")]
    [InlineData("method", "\"taylor\"", "batch is \"l2\"; scores of method taylor have none; leave it out")]
    [InlineData("neuron_values", "\"gate\"", "neuron_values is \"gate\"; it must be one of intermediate, pre-activation")]
    [InlineData("version", "4", "version 4 is newer than 3")]
    [InlineData("seed", "1", "seed is 1; scores of method activation have none; leave it out")]
    [InlineData("samples", "0", "samples is 0; it must be a whole number from 1")]
    [InlineData("teacher", "3", "teacher is 3; it must be a text")]
    [InlineData("axes", "[]", "axes is a list; it must be an object")]
    [InlineData("axes.neurons", "[[1, 2]]", "axes.neurons has 1 entries; there are 2 layers")]
    [InlineData("axes.heads", "[[1], [2, 3]]", "axes.heads[1] has 2 values and axes.heads[0] has 1")]
    [InlineData("axes.heads", "[[1], [1e999]]", "axes.heads[1][0] is 1e999; scores are finite numbers")]
    [InlineData("axes.channels", "[1]", "axes.channels_per_norm[0] has 2 entries; there are 1 channels")]
    [InlineData("axes.layers", "{}", "axes.layers.1 is missing")]
    [InlineData("axes.layers", """{"1": [1, 2], "x": [1]}""", "axes.layers.x")]
    [InlineData("axes.layers", """{"1": [1, 2], "2": [1, 2]}""", "axes.layers.2 has 2 entries; there are 1 spans of 2 among 2 layers")]
    public void Wrong_scores_are_refused_by_field(string field, string value, string expected)
    {
        var json = ScoresFile.ToJson(Scores);
        var path = field.Split('.');
        (path.Length == 1 ? json : json[path[0]]!.AsObject())[path[^1]] = JsonNode.Parse(value.Replace("1e999", "12345"));
        File.WriteAllText(JsonPath, json.ToJsonString().Replace("12345", "1e999"));
        var message = Assert.Throws<EspalierException>(() => ScoresFile.Read(JsonPath)).Message;
        Assert.Contains(expected, message);
    }
}
