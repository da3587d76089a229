using Espalier.Compression.Training;
using Espalier.Models.Checkpoints;

namespace Espalier.Tests.Library;

/// <summary>What a program does through the front door: the bundled teacher is scored, pruned, distilled and read again.</summary>
public sealed class LanguageModelTests : TorchTest
{
    private const int Sequence = 32;

    private readonly string _root = Directory.CreateTempSubdirectory("espalier-").FullName;

    private static string Teacher => Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    private static string Text => Path.Combine(Teacher, "self-written.jsonl");

    public override void Dispose()
    {
        Directory.Delete(_root, recursive: true);
        base.Dispose();
    }

    [Fact]
    public void A_model_is_scored_pruned_and_distilled_and_the_student_has_learnt()
    {
        using var teacher = LanguageModel.Load(Teacher);
        using var text = TextData.Read(teacher, Sequence, Text);
        var scores = teacher.Score(text, new() { Samples = 8, SpanWidths = [1, 2] });
        using var pruned = teacher.Prune(new() { Ffn = 384, Layers = teacher.Config.Layers - 2 }, scores, Path.Combine(_root, "pruned"));
        Assert.Equal((384, teacher.Config.Layers - 2), (pruned.Config.IntermediateSize, pruned.Config.Layers));

        var losses = new List<double>();
        var options = new TrainingOptions { Steps = 12, Batch = 4, LearningRate = 1e-3, WarmUp = 2 };
        using var student = pruned.Distill(teacher, text, Path.Combine(_root, "student"), options, step: report => losses.Add(report.Loss));
        Assert.Equal(12, losses.Count);
        Assert.True(losses[^1] < losses[0], $"the loss went from {losses[0]} to {losses[^1]}");

        // What was written is what was trained, to the rounding of the type it is stored in.
        using var few =
            TextData.Read(teacher, Sequence,
                Written("The list is sorted by the list. The list has the items of the list, and the items have the list. One, two, three, "
                    + "four, five."));
        Assert.Equal(pruned.Evaluate(few).Nll, student.Evaluate(few).Nll, 0.02);
        using var stored = Checkpoint.Open(student.Folder);
        using var source = Checkpoint.Open(Teacher);
        Assert.Equal(source.StoredType, stored.StoredType);
    }

    [Fact]
    public void It_continues_text_the_same_way_each_time()
    {
        using var model = LanguageModel.Load(Teacher);
        var text = model.Generate("Once upon a time", maxTokens: 12);
        Assert.NotEmpty(text);
        Assert.Equal(text, model.Generate("Once upon a time", maxTokens: 12));
    }

    [Fact]
    public void Windows_longer_than_the_model_has_positions_are_refused()
    {
        using var model = LanguageModel.Load(Teacher);
        var error = Assert.Throws<EspalierException>(() => TextData.Read(model, model.Config.MaxPositions + 1, Text));
        Assert.Contains($"{model.Config.MaxPositions} positions", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_taken_is_left_as_it_is()
    {
        using var model = LanguageModel.Load(Teacher);
        using var text = TextData.Read(model, Sequence, Text);
        var taken = Directory.CreateDirectory(Path.Combine(_root, "taken")).FullName;
        File.WriteAllText(Path.Combine(taken, "mine"), "x");
        Assert.Throws<EspalierException>(() => model.Prune(new() { Ffn = 384 }, model.Score(text, new() { Samples = 2 }), taken));
        Assert.Equal(["mine"], Directory.GetFiles(taken).Select(Path.GetFileName));
    }

    private string Written(string text)
    {
        var path = Path.Combine(_root, "few.txt");
        File.WriteAllText(path, string.Concat(Enumerable.Repeat(text, 3)));
        return path;
    }
}
