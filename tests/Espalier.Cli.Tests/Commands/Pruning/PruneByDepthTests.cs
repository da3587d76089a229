using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Pruning;

/// <summary><c>prune</c> takes what <c>depth --output</c> wrote.</summary>
public sealed class PruneByDepthTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _depth;

    public PruneByDepthTests()
    {
        // The reference's calibration, for which the span with the least loss is 2 and 3.
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "calibration.safetensors"));
        var ids = Verb.WriteIds(_folder.Path, "calibration.i32", golden.Longs("input_ids").Select(id => (int)id));
        _depth = Path.Combine(_folder.Path, "depth.json");
        _ = Verb.Json($"depth {Verb.Tiny} --ids {ids} --samples 16 --seq 31 --drop 2 --metrics lm-loss,logit-mse --threads 1 -o {_depth}");
    }

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    [Theory]
    [InlineData("--scores")]
    [InlineData("--depth-scores")]
    public void Scores_of_layers_alone_cut_layers(string option)
    {
        var result = Prune($"{option} {_depth} --depth-metric lm-loss --layers 4", out var plan);
        Assert.Equal("layers by lm-loss, contiguous", result.GetProperty("method").GetString());
        Assert.Equal([0, 1, 4, 5], Indices(plan.GetProperty("layers")));
        Assert.Equal(48, plan.GetProperty("channels").GetArrayLength());
    }

    [Fact]
    public void With_scores_of_units_beside_them_widths_are_cut_too()
    {
        _ = Prune($"--depth-scores {_depth} --depth-metric lm-loss --method magnitude --layers 4 --hidden 32 --multiple 1", out var both);
        _ = Prune("--method magnitude --layers 4 --hidden 32 --multiple 1", out var units);
        Assert.Equal([0, 1, 4, 5], Indices(both.GetProperty("layers")));
        Assert.Equal(Indices(units.GetProperty("channels")), Indices(both.GetProperty("channels")));
    }

    [Fact]
    public void A_greedy_choice_is_taken_from_its_sequence()
    {
        _ = Prune($"--scores {_depth} --depth-metric logit-mse --layers 4 --depth greedy", out var plan);
        var removed = JsonDocument.Parse(File.ReadAllText(_depth)).RootElement.GetProperty("metrics").GetProperty("logit-mse")
            .GetProperty("greedy").GetProperty("removed");
        Assert.Equal(Enumerable.Range(0, 6).Except(Indices(removed)), Indices(plan.GetProperty("layers")));
    }

    [Theory]
    [InlineData("--scores DEPTH --layers 4", "has lm-loss, logit-mse: choose one with --depth-metric")]
    [InlineData("--scores DEPTH --layers 4 --depth-metric lm-los", "Did you mean lm-loss?")]
    [InlineData("--scores DEPTH --layers 3 --depth-metric lm-loss", "score again with --drop 3")]
    [InlineData("--scores DEPTH --layers 4 --hidden 32 --multiple 1 --depth-metric lm-loss", "do not rank neurons, heads and channels")]
    [InlineData("--scores DEPTH --hidden 32 --multiple 1 --depth-metric lm-loss", "says which layers to remove, but none are to be removed")]
    [InlineData("--scores DEPTH --depth-scores DEPTH --layers 4", "are both scores of layers")]
    [InlineData("--depth-scores DEPTH --random --layers 4", "each decides which layers to keep:")]
    [InlineData("--depth-metric lm-loss --random --layers 4", "which were not given: add --depth-scores")]
    public void What_cannot_be_is_one_line_with_the_way_out(string options, string part) =>
        Assert.Contains(part,
            Verb.Refused($"prune {Verb.Tiny} {options.Replace("DEPTH", _depth, StringComparison.Ordinal)} --output {_folder.Path}/x"));

    [Fact]
    public void Scores_of_another_model_are_refused_by_its_layers_or_its_hash()
    {
        var other = Path.Combine(_folder.Path, "other");
        _ = Verb.Json($"prune {Verb.Tiny} --random --seed 1 --layers 6 --dtype bf16 --output {other}");
        Assert.Contains("the scores belong to a model with the hash",
            Verb.Refused($"prune {other} --scores {_depth} --depth-metric lm-loss --layers 4 --output {_folder.Path}/x"));
        Assert.Contains("6 layers, but the model has 8", Anonymous(Verb.Teacher));
    }

    private string Anonymous(string model)
    {
        var scores = JsonNode.Parse(File.ReadAllText(_depth))!.AsObject();
        scores["teacher"] = "";
        var file = Path.Combine(_folder.Path, "anonymous.json");
        File.WriteAllText(file, scores.ToJsonString());
        return Verb.Refused($"prune {model} --scores {file} --depth-metric lm-loss --layers 4 --output {_folder.Path}/x");
    }

    private JsonElement Prune(string options, out JsonElement plan)
    {
        var place = Path.Combine(_folder.Path, Guid.NewGuid().ToString("N"));
        var result = Verb.Json($"prune {Verb.Tiny} {options} --output {place} --write-plan {place}.json");
        plan = JsonDocument.Parse(File.ReadAllText($"{place}.json")).RootElement;
        return result;
    }

    private static int[] Indices(JsonElement list) => [.. list.EnumerateArray().Select(index => index.GetInt32())];
}
