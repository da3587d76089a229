using Espalier.Compression.Pruning;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Pruning;

/// <summary>Recipes that prune otherwise than in one cut: cycles with training between, rounds without, masks.</summary>
public sealed class PruneRecipeTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _ids;

    public PruneRecipeTests() => _ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 4000).Select(i => i * i % 127));

    [Theory]
    [InlineData("original")]
    [InlineData("previous")]
    public void Each_cycle_prunes_and_distils_what_the_one_before_left(string teacher)
    {
        var result =
            Compress(teacher,
                $"prune: {{ hidden: 24, ffn: 48, layers: 4 }}\ncycles: {{ count: 2, teacher: {teacher} }}\ndistill: {{ steps: 3, batch: 2 "
                    + $"}}");
        var rows = result.GetProperty("rows").EnumerateArray()
            .ToDictionary(row => row.GetProperty("model").GetString()!, row => row.GetProperty("path").GetString()!);
        Assert.Equal(["teacher", "pruned 1", "student 1", "pruned", "student"], rows.Keys);
        Assert.Equal((36, 72, 5), ShapeOf(rows["student 1"]));
        Assert.Equal((24, 48, 4), ShapeOf(rows["student"]));
        var stages = result.GetProperty("stages").EnumerateArray().Select(stage => stage.GetProperty("stage").GetString()).ToArray();
        Assert.Equal(2, stages.Count(stage => stage == "score"));
        Assert.Equal(2, stages.Count(stage => stage == "distill"));

        // What the second cycle prunes is the first one's student: its kept channels are found in it.
        var plan = PlanFile.Read(Path.Combine(Path.GetDirectoryName(rows["pruned"])!, "plan.json"));
        Assert.All(plan.Kept[Axis.Hidden]![0], channel => Assert.InRange(channel, 0, 35));
        var again =
            Compress(teacher,
                $"prune: {{ hidden: 24, ffn: 48, layers: 4 }}\ncycles: {{ count: 2, teacher: {teacher} }}\ndistill: {{ steps: 3, batch: 2 "
                    + $"}}");
        Assert.All(again.GetProperty("stages").EnumerateArray(), stage => Assert.True(stage.GetProperty("reused").GetBoolean()));
    }

    [Fact]
    public void The_teacher_of_the_second_cycle_decides_its_students_weights()
    {
        const string lines = "prune: { hidden: 24 }\ncycles: { count: 2, teacher: TEACHER }\ndistill: { steps: 3, batch: 2 }";
        string Weights(string teacher) =>
            Path.Combine(Compress(teacher, lines.Replace("TEACHER", teacher, StringComparison.Ordinal))
                .GetProperty("students")[0].GetString()!, "model.safetensors");
        Assert.NotEqual(File.ReadAllBytes(Weights("original")), File.ReadAllBytes(Weights("previous")));
    }

    [Fact]
    public void Rounds_score_and_prune_in_turns_without_training_between()
    {
        var result =
            Compress("rounds", "prune: { hidden: 24, ffn: 48 }\ndistill: { steps: 1, batch: 2 }", "score: { samples: 8, rounds: 3 }");
        var stages = result.GetProperty("stages").EnumerateArray().Select(stage => stage.GetProperty("stage").GetString()).ToArray();
        Assert.Equal((3, 3, 1),
            (stages.Count(stage => stage == "score"), stages.Count(stage => stage == "prune"), stages.Count(stage => stage == "distill")));
        Assert.Equal(["teacher", "pruned", "student"],
            result.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("model").GetString()));
        Assert.Equal((24, 48, 6), ShapeOf(result.GetProperty("students")[0].GetString()!));
    }

    [Theory]
    [InlineData("magnitude", "50%")]
    [InlineData("wanda", "2:4")]
    public void A_mask_sets_weights_to_zero_and_keeps_the_shape(string method, string sparsity)
    {
        var result = Compress(method, $"prune: {{ method: {method}, sparsity: {sparsity} }}");
        Assert.Equal(["teacher", "pruned", "student"],
            result.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("model").GetString()));
        var student = result.GetProperty("students")[0].GetString()!;
        Assert.Equal((48, 96, 6), ShapeOf(student));
        using var model = Checkpoint.Open(student);
        var up = model.ReadFloat32("model.layers.5.mlp.up_proj.weight");
        Assert.Equal(up.Length / 2, up.Count(weight => weight == 0));
        Assert.DoesNotContain(0f, model.ReadFloat32("lm_head.weight"));
    }

    [Fact]
    public void A_path_that_does_not_exist_is_refused_before_anything_is_done()
    {
        var recipe = Recipe("none", "prune: { layers: 5 }\ncycles: { count: 3 }\ndistill: { steps: 3, batch: 2 }", "score: { samples: 8 }");
        Assert.Contains("there are no 3 different shapes", Verb.Refused($"compress {recipe} --output {_folder.Path}/none"));
        Assert.False(Path.Exists(Path.Combine(_folder.Path, "none")));
    }

    [Fact]
    public void A_gguf_file_that_the_architecture_does_not_have_is_refused_before_anything_is_done()
    {
        var recipe = Path.Combine(_folder.Path, "gguf.yaml");
        var ids = Verb.WriteIds(_folder.Path, "few.i32", Enumerable.Range(0, 1000).Select(i => i % 90));
        File.WriteAllText(recipe,
            $"teacher: {Fixtures.Golden("families", "olmo2")}\ndata: {{ train: {ids}, held-out: 10%, sequence: 16 }}\nprune: {{ hidden: 40, "
                + $"multiple: 1 }}\nscore: {{ samples: 8 }}\nexport: [hf, gguf-q8_0]\n");
        Assert.Contains("cannot be exported to GGUF: the architecture olmo2 needs num_attention_heads * head_dim to equal hidden_size;",
            Verb.Refused($"compress {recipe} --output {_folder.Path}/gguf"));
        Assert.False(Path.Exists(Path.Combine(_folder.Path, "gguf")));
    }

    private static (int Hidden, int Ffn, int Layers) ShapeOf(string folder)
    {
        using var model = Checkpoint.Open(folder);
        return (model.Config.HiddenSize, model.Config.IntermediateSize, model.Config.Layers);
    }

    private JsonElement Compress(string name, string lines, string score = "score: { samples: 8 }") =>
        Verb.Json($"compress {Recipe(name, lines, score)} --output {Path.Combine(_folder.Path, name)} --threads 1");

    private string Recipe(string name, string lines, string score)
    {
        var recipe = Path.Combine(_folder.Path, $"{name}.yaml");
        File.WriteAllText(recipe, $"teacher: {Verb.Tiny}\ndata: {{ train: {_ids}, held-out: 10%, sequence: 32 }}\n{score}\n{lines}\n");
        return recipe;
    }
}
