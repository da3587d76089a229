using Espalier.Pipeline.Recipes;

namespace Espalier.Tests.Library;

/// <summary>A recipe run from a program.</summary>
public sealed class RecipeRunTests : TorchTest
{
    private readonly string _root = Directory.CreateTempSubdirectory("espalier-").FullName;

    private static string Teacher => Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    public override void Dispose()
    {
        Directory.Delete(_root, recursive: true);
        base.Dispose();
    }

    [Fact]
    public void It_ends_with_a_student_and_the_same_call_again_does_nothing_anew()
    {
        var recipe = Recipe("""
            score: { samples: 4 }
            prune: { ffn: 384, layers: 7 }
            distill: { steps: 2, batch: 2 }
            """);
        var first = RecipeRun.Run(recipe, Path.Combine(_root, "run"));
        Assert.True(first.IsFinished);
        Assert.Equal(["teacher", "pruned", "student"], first.Rows.Select(row => row.Model));
        using (var student = LanguageModel.Load(first.Student))
            Assert.Equal((384, 7), (student.Config.IntermediateSize, student.Config.Layers));

        var again = RecipeRun.Run(recipe, Path.Combine(_root, "run"));
        Assert.All(again.Stages.Where(stage => stage.Stage != "samples"), stage => Assert.True(stage.Reused, stage.Stage));
        Assert.Equal(first.Rows.Select(row => row.Evaluations[0].Nll), again.Rows.Select(row => row.Evaluations[0].Nll));
    }

    [Fact]
    public void What_cannot_be_is_refused_before_anything_is_written()
    {
        var recipe = Recipe("prune: { ffn: 4096 }");
        Assert.Throws<RecipeRefusedException>(() => RecipeRun.Run(recipe, Path.Combine(_root, "run")));
        Assert.False(Directory.Exists(Path.Combine(_root, "run")));
    }

    private string Recipe(string rest)
    {
        var text = Path.Combine(_root, "text.jsonl");
        File.WriteAllLines(text, File.ReadLines(Path.Combine(Teacher, "self-written.jsonl")).Take(40));
        var path = Path.Combine(_root, "small.yaml");
        File.WriteAllText(path, $"teacher: {Teacher}\ndata: {{ train: {text}, held-out: 10%, sequence: 32 }}\nevaluate: [held-out]\n{rest}\n");
        return path;
    }
}
