using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Pruning;

public sealed class PruneTests : TorchTest
{
    private const string Width = "--hidden 32 --ffn 64 --heads 4";

    [Theory]
    [InlineData("gemma2", 2)]
    [InlineData("gemma3", 3)]
    [InlineData("olmo3", 3)]
    [InlineData("smollm3", 4)]
    [InlineData("qwen3-moe-mixed", 2)]
    [InlineData("nemotron-h", 3)]
    [InlineData("qwen3-5", 3)]
    [InlineData("qwen3-next-mixed", 3)]
    public void Layers_that_stay_keep_their_kinds(string family, int layers)
    {
        using var folder = new TemporaryFolder();
        using var before = Checkpoint.Open(Fixtures.Golden("families", family));
        for (var seed = 1; seed <= 4; seed++)
        {
            var (output, plan) = (Path.Combine(folder.Path, $"pruned-{seed}"), Path.Combine(folder.Path, $"plan-{seed}.json"));
            Verb.Json($"prune {before.Folder} --random --seed {seed} --layers {layers} --output {output} --write-plan {plan}");
            using var document = JsonDocument.Parse(File.ReadAllText(plan));
            int[] kept = [.. document.RootElement.GetProperty("layers").EnumerateArray().Select(layer => layer.GetInt32())];
            using var after = Checkpoint.Open(output);
            Assert.Equal(kept.Select(layer => before.Config.LayerKinds[layer]),
                Enumerable.Range(0, layers).Select(layer => after.Config.LayerKinds[layer]));
        }
    }

    [Fact]
    public void Where_nothing_is_cut_it_is_said()
    {
        using var folder = new TemporaryFolder();
        var (code, _, error) = TestCommand.Launch($"prune {Verb.Teacher} --random --hidden 256 --output {folder.Path}/same");
        Assert.Equal(0, code);
        Assert.Contains($"warning: nothing is pruned: {Verb.Teacher} already has these sizes, so {folder.Path}/same will be a copy", error);
        (_, _, error) = TestCommand.Launch($"prune {Verb.Teacher} --random --hidden 192 --output {folder.Path}/smaller");
        Assert.DoesNotContain("nothing is pruned", error);
    }

    [Fact]
    public void So_many_layers_of_each_kind_of_a_hybrid_stay_as_are_asked_for()
    {
        using var folder = new TemporaryFolder();
        for (var seed = 1; seed <= 3; seed++)
        {
            var output = Path.Combine(folder.Path, $"pruned-{seed}");
            var (code, _, error) =
                TestCommand.LaunchWith(["prune", Fixtures.Golden("families", "nemotron-h"), "--random", "--seed", $"{seed}",
                "--layers", "4", "--depth", "scattered", "--layer-kinds", "2 mamba + 1 attention + 1 feed-forward", "--output", output]);
            Assert.True(code == 0, error);
            using var after = Checkpoint.Open(output);
            Assert.Equal((2, 1, 1), (after.Config.LayerKinds.Count(kind => kind.HasMamba),
                after.Config.LayerKinds.Count(kind => kind.HasAttention), after.Config.LayerKinds.Count(kind => kind.HasFeedForward)));
        }
    }

    [Fact]
    public void A_hybrids_table_has_its_mamba_heads()
    {
        using var folder = new TemporaryFolder();
        var prune = $"prune {Fixtures.Golden("families", "nemotron-h")} --random --mamba-heads 4 --mamba-head-dim 8 --output {folder.Path}";
        var rows = Verb.Json($"{prune}/a").GetProperty("rows").EnumerateArray().ToArray();
        Assert.Equal([(6, 10), (4, 8)],
            rows.Select(row => (row.GetProperty("mamba_num_heads").GetInt32(), row.GetProperty("mamba_head_dim").GetInt32())));
        var (code, output, _) = TestCommand.LaunchWith($"{prune}/b".Split(' '));
        Assert.Equal(0, code);
        Assert.Matches("mamba heads +mamba head dim ", output);
        Assert.Matches("pruned .* 4 +8 ", output);
    }

    [Fact]
    public void A_table_has_the_heads_of_linear_attention()
    {
        using var folder = new TemporaryFolder();
        var prune = $"prune {Fixtures.Golden("families", "qwen3-5")} --random --linear-key-heads 1 --linear-value-head-dim 8 --output "
            + folder.Path;
        var rows = Verb.Json($"{prune}/a").GetProperty("rows").EnumerateArray().ToArray();
        Assert.Equal([(2, 4, 10), (1, 2, 8)],
            rows.Select(row => (row.GetProperty("linear_num_key_heads").GetInt32(), row.GetProperty("linear_num_value_heads").GetInt32(),
                row.GetProperty("linear_value_head_dim").GetInt32())));
        var (code, output, _) = TestCommand.LaunchWith($"{prune}/b".Split(' '));
        Assert.Equal(0, code);
        Assert.Matches("linear value heads +linear value head dim +linear key heads ", output);
        Assert.Matches("pruned .* 2 +8 +1 ", output);
    }

    [Fact]
    public void Text_scored_on_the_fly_gives_the_pruned_model_of_the_reference()
    {
        using var folder = new TemporaryFolder();
        var output = Path.Combine(folder.Path, "pruned");
        var result = Verb.Json($"prune {Verb.Tiny} {GoldenCalibration.Arguments(folder.Path)} {Width} --output {output} --threads 1");
        Verb.HasFields(result, "output method rows");
        Assert.Equal(output, result.GetProperty("output").GetString());
        var rows = result.GetProperty("rows").EnumerateArray().ToArray();
        Assert.Equal(["teacher", "pruned"], rows.Select(row => row.GetProperty("model").GetString()));
        Assert.All(rows,
            row => Verb.HasFields(row,
                "model path hidden_size intermediate_size num_attention_heads num_hidden_layers parameters non_embedding_parameters "
                    + "bytes"));
        Assert.Equal(Verb.Json($"inspect {output}").GetProperty("parameters").GetInt64(), rows[1].GetProperty("parameters").GetInt64());
        AssertSameWeights(Fixtures.Golden("pruning", "width"), output);
    }

    [Fact]
    public void Scores_and_plans_carry_what_was_chosen_from_one_command_to_the_next()
    {
        using var folder = new TemporaryFolder();
        var (scores, plan) = (Path.Combine(folder.Path, "scores.json"), Path.Combine(folder.Path, "plan.json"));
        _ = Verb.Json($"score {Verb.Tiny} {GoldenCalibration.Arguments(folder.Path)} --spans 2 --output {scores} --threads 1");
        _ = Verb.Json($"prune {Verb.Tiny} --scores {scores} {Width} --output {folder.Path}/by-scores --write-plan {plan}");
        _ = Verb.Json($"prune {Verb.Tiny} --plan {plan} --output {folder.Path}/by-plan");
        AssertSameWeights(Fixtures.Golden("pruning", "width"), Path.Combine(folder.Path, "by-scores"));
        AssertSameWeights(Fixtures.Golden("pruning", "width"), Path.Combine(folder.Path, "by-plan"));

        var shallow = Verb.Json($"prune {Verb.Tiny} --scores {scores} --layers 4 --output {folder.Path}/shallow");
        Assert.Equal(4, shallow.GetProperty("rows")[1].GetProperty("num_hidden_layers").GetInt32());
        Assert.Contains("spans of 3", Verb.Refused($"prune {Verb.Tiny} --scores {scores} --layers 3 --output {folder.Path}/other"));
    }

    [Fact]
    public void A_random_choice_repeats_with_its_seed()
    {
        using var folder = new TemporaryFolder();
        string Pruned(string name, int seed)
        {
            var output = Path.Combine(folder.Path, name);
            _ = Verb.Json($"prune {Verb.Tiny} --random --seed {seed} --layers 3 {Width} --output {output} --dtype bf16");
            return output;
        }
        var (first, again, other) = (Pruned("first", 1), Pruned("again", 1), Pruned("other", 2));
        AssertSameWeights(first, again);
        Assert.NotEqual(File.ReadAllBytes(Path.Combine(first, "model.safetensors")),
            File.ReadAllBytes(Path.Combine(other, "model.safetensors")));
        Assert.Equal("bfloat16", Verb.Json($"inspect {first}").GetProperty("dtype").GetString());
    }

    [Fact]
    public void Scores_of_another_model_are_refused_by_its_hash_and_those_without_one_pass()
    {
        using var folder = new TemporaryFolder();
        var scores = Path.Combine(folder.Path, "scores.json");
        _ = Verb.Json($"score {Verb.Tiny} --method random --seed 1 --output {scores} --threads 1");
        _ = Verb.Json($"prune {Verb.Tiny} --random --seed 1 --layers 6 --dtype bf16 --output {folder.Path}/other");
        var error = Verb.Refused($"prune {folder.Path}/other --scores {scores} {Width} --output {folder.Path}/x");
        Assert.Contains("the scores belong to a model with the hash", error);
        var anonymous = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(scores))!.AsObject();
        anonymous["teacher"] = "";
        File.WriteAllText(scores, anonymous.ToJsonString());
        _ = Verb.Json($"prune {folder.Path}/other --scores {scores} {Width} --output {folder.Path}/x");
    }

    [Fact]
    public void Scores_follow_the_model_and_old_ones_the_folder()
    {
        using var folder = new TemporaryFolder();
        var (scores, copy) = (Path.Combine(folder.Path, "scores.json"), Path.Combine(folder.Path, "copy"));
        Directory.CreateDirectory(copy);
        foreach (var name in (string[])["config.json", "model.safetensors"])
            File.Copy(Path.Combine(Verb.Tiny, name), Path.Combine(copy, name));
        File.WriteAllText(Path.Combine(copy, "notes.txt"), "another file");
        _ = Verb.Json($"score {Verb.Tiny} --method magnitude --output {scores} --threads 1");
        _ = Verb.Json($"prune {copy} --scores {scores} {Width} --output {folder.Path}/of-the-copy");

        // What version 2 wrote: the hash of everything in the folder.
        var old = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(scores))!.AsObject();
        (old["version"], old["teacher"]) = (2, ContentHash.OfFolder(copy));
        File.WriteAllText(scores, old.ToJsonString());
        _ = Verb.Json($"prune {copy} --scores {scores} {Width} --output {folder.Path}/by-old-ones");
        File.WriteAllText(Path.Combine(copy, "notes.txt"), "another text");
        Assert.Contains("the scores belong to a folder with the hash",
            Verb.Refused($"prune {copy} --scores {scores} {Width} --output {folder.Path}/x"));
    }

    [Fact]
    public void Equal_scores_keep_the_lower_indices()
    {
        using var folder = new TemporaryFolder();
        var scores = Path.Combine(folder.Path, "scores.json");
        _ = Verb.Json($"score {Verb.Tiny} --method random --spans 2 --output {scores} --threads 1");
        var flat = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(scores))!;
        Flatten(flat["axes"]!);
        File.WriteAllText(scores, flat.ToJsonString());
        var file = Path.Combine(folder.Path, "plan.json");
        _ = Verb.Json(
            $"prune {Verb.Tiny} --scores {scores} {Width} --layers 4 --depth scattered --output {folder.Path}/x --write-plan {file}");
        var plan = JsonDocument.Parse(File.ReadAllText(file)).RootElement;
        int[] Indices(JsonElement list) => [.. list.EnumerateArray().Select(index => index.GetInt32())];
        Assert.Equal(Enumerable.Range(0, 32), Indices(plan.GetProperty("channels")));
        Assert.Equal(Enumerable.Range(0, 4), Indices(plan.GetProperty("layers")));
        Assert.All(plan.GetProperty("neurons").EnumerateArray(), layer => Assert.Equal(Enumerable.Range(0, 64), Indices(layer)));
        Assert.All(plan.GetProperty("heads").EnumerateArray(), layer => Assert.Equal([0, 1, 4, 5], Indices(layer)));

        static void Flatten(System.Text.Json.Nodes.JsonNode node)
        {
            if (node is System.Text.Json.Nodes.JsonObject fields)
                foreach (var field in fields)
                    Flatten(field.Value!);
            else if (node is System.Text.Json.Nodes.JsonArray list)
                for (var i = 0; i < list.Count; i++)
                    if (list[i] is System.Text.Json.Nodes.JsonArray)
                        Flatten(list[i]!);
                    else
                        list[i] = 1;
        }
    }

    [Fact]
    public void Weights_alone_can_say_what_stays()
    {
        using var folder = new TemporaryFolder();
        var scores = Path.Combine(folder.Path, "scores.json");
        _ = Verb.Json($"score {Verb.Tiny} --method magnitude --spans 2 --output {scores} --threads 1");
        _ = Verb.Json($"prune {Verb.Tiny} --scores {scores} --layers 4 {Width} --output {folder.Path}/by-scores");
        var direct = Verb.Json($"prune {Verb.Tiny} --method magnitude --layers 4 {Width} --output {folder.Path}/direct --threads 1");
        Assert.Equal("weight magnitude", direct.GetProperty("method").GetString());
        AssertSameWeights(Path.Combine(folder.Path, "by-scores"), Path.Combine(folder.Path, "direct"));
    }

    [Theory]
    [InlineData("--random --method taylor --hidden 32 --output OUT/x", "--random and --method were given")]
    [InlineData("--scores s.json --samples 3 --hidden 32 --output OUT/x", "--scores and --samples were given")]
    [InlineData("--random --memory 1GB --hidden 32 --output OUT/x", "--random and --memory were given")]
    [InlineData("--random --stream --hidden 32 --output OUT/x", "--random and --stream were given")]
    [InlineData("--method magnitude --random --hidden 32 --output OUT/x", "--random and --method magnitude")]
    [InlineData("--method magnitude --ids 1,2,3 --hidden 32 --output OUT/x", "text or --ids to score on and --method magnitude")]
    [InlineData("--random --hidden 64 --output OUT/x", "prune.hidden is 64")]
    [InlineData("--random --hidden 0 --output OUT/x", "--hidden is 0; it must be a whole number from 1")]
    [InlineData("--random --heads 3 --output OUT/x", "2 and 4")]
    [InlineData("--random --output OUT/x", "--hidden")]
    [InlineData("--hidden 32 --output OUT/x", "--scores")]
    [InlineData("--random --scores s.json --hidden 32 --output OUT/x", "--scores and --random")]
    [InlineData("--plan p.json --hidden 32 --output OUT/x", "--hidden")]
    [InlineData("--ids 1,2,3 --seed 4 --hidden 32 --output OUT/x", "--seed")]
    [InlineData("--plan OUT/missing.json --output OUT/x", "missing.json")]
    [InlineData("--scores OUT/missing.json --hidden 32 --output OUT/x", "missing.json")]
    [InlineData("--random --hidden 32", "--output")]
    [InlineData("--random --hidden 32 --output OUT", "contains")]
    [InlineData("--random --hidden 32 --output OUT/model/pruned", "inside")]
    [InlineData("--random --hidden 32 --output OUT/x --depth sideways", "contiguous")]
    [InlineData("--random --hidden 32 --output OUT/x --dtype q8", "bf16")]
    [InlineData("--random --hiden 32 --output OUT/x", "--hidden")]
    public void Wrong_input_is_one_line_and_leaves_nothing_behind(string arguments, string named)
    {
        using var folder = new TemporaryFolder();
        var model = Verb.Copy(Verb.Tiny, Path.Combine(folder.Path, "model"));
        var before = Directory.GetFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories);
        Assert.Contains(named, Verb.Refused($"prune {model} {arguments.Replace("OUT", folder.Path, StringComparison.Ordinal)}"));
        Assert.Equal(before, Directory.GetFileSystemEntries(folder.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_plan_that_breaks_head_groups_is_refused_with_the_nearest_legal_one()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "plan.json");
        _ = Verb.Json($"prune {Verb.Tiny} --random {Width} --output {folder.Path}/x --write-plan {file}");
        var plan = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        var heads = plan.First(pair => pair.Key.Equals("heads", StringComparison.OrdinalIgnoreCase)).Key;
        plan[heads]![2] = JsonSerializer.SerializeToNode(new[] { 0, 1, 2, 4 });
        File.WriteAllText(file, plan.ToJsonString());
        Assert.Contains("heads[2]", Verb.Refused($"prune {Verb.Tiny} --plan {file} --output {folder.Path}/y"));
        Assert.False(Directory.Exists(Path.Combine(folder.Path, "y")));
    }

    private static void AssertSameWeights(string expected, string actual)
    {
        using var first = Checkpoint.Open(expected);
        using var second = Checkpoint.Open(actual);
        Assert.Equal(first.Config with { EosTokenIds = [] }, second.Config with { EosTokenIds = [] });
        Assert.All(first.Entries.Keys, name => Assert.Equal(first.ReadFloat32(name), second.ReadFloat32(name)));
    }
}
