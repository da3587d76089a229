using Espalier.Compression.Importance.Depth;
using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Tasks;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Choices;

/// <summary>Tasks of choices as layers are judged by them.</summary>
public sealed class ChoiceRowsTests : TorchTest
{
    private static readonly string s_teacher = Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    [Fact]
    public void A_whole_model_is_judged_as_the_task_itself_judges_it()
    {
        var task = TaskFile.Read(Path.Combine(Fixtures.Root, "tasks", "endings", "endings.yaml"));
        var tokenizer = Tokenizer.Load(s_teacher);
        using var teacher = Checkpoint.Open(s_teacher);
        using var weights = new LazyWeights(teacher);
        var settings = new TaskSettings(null, Limit: 12);
        var questions = task.Kind.Questions(task, settings);
        var asked = TaskEvaluator.Run(task, settings, questions, weights.Asked(tokenizer, null), NullProgress.Instance);

        var rows = ChoiceRows.Of(task, questions, tokenizer, teacher.Config);
        var scores = DepthScorer.Run(weights.Decoder(), null, rows, new() { Metrics = [DepthMetricKind.Task] }, NullProgress.Instance)
            .Metrics[DepthMetricKind.Task];
        Assert.Equal(48, rows.Rows.Count);
        Assert.Equal(asked.Documents.Average(task.Kind.Losses[0].Of), scores.Whole, 1e-5);
        Assert.Equal(asked.Totals.Single(metric => metric.Name == "acc_norm").Value, scores.WholeAccuracy!.Value, 1e-12);
    }

    [Fact]
    public void What_a_model_writes_is_no_choice()
    {
        var task = TaskFile.Read(Path.Combine(Fixtures.Root, "tasks", "endings", "continuations.yaml"));
        using var teacher = Checkpoint.Open(s_teacher, requireWeights: false);
        Assert.Contains("task continuations: is of kind continuation, but layers are judged by the likeliest choice:",
            Assert.Throws<EspalierException>(() => ChoiceRows.Of(
                task, task.Kind.Questions(task, new(null, Limit: 2)), Tokenizer.Load(s_teacher), teacher.Config)).Message);
    }

    [Fact]
    public void A_context_that_is_too_long_is_cut_on_its_left_and_a_choice_is_not()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "long.jsonl");
        File.WriteAllText(path, """{"context": "One two three four five six seven", "choices": ["eight nine", "ten"], "answer": 0}""");
        using var teacher = Checkpoint.Open(s_teacher, requireWeights: false);
        var (task, tokenizer) = (ItemsFile.Task(path), Tokenizer.Load(s_teacher));
        var questions = task.Kind.Questions(task, new(null));
        DepthTask Rows(int positions) => ChoiceRows.Of(task, questions, tokenizer, teacher.Config with { MaxPositions = positions });
        var whole = Rows(256).Rows[0];
        Assert.Equal(tokenizer.Encode("One two three four five six seven eight nine"), whole.Ids);
        var cut = Rows(whole.Scored + 1).Rows[0];
        Assert.Equal(whole.Ids[^(whole.Scored + 2)..], cut.Ids);
        Assert.Equal(whole.Scored, cut.Scored);
        Assert.Contains("positions", Assert.Throws<EspalierException>(() => Rows(whole.Scored - 1)).Message);
    }

    [Fact]
    public void A_token_that_the_model_has_no_row_for_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "odd.jsonl");
        File.WriteAllText(path, """{"context": "A", "choices": ["<|reserved_special_token_9|>", "b"], "answer": 0}""");
        using var teacher = Checkpoint.Open(s_teacher, requireWeights: false);
        var task = ItemsFile.Task(path);
        Assert.Contains("the tokenizer gave id 4094 ('<|reserved_special_token_9|>'), but the model only has rows for ids below 4090",
            Assert.Throws<EspalierException>(() => ChoiceRows.Of(task, task.Kind.Questions(task, new(null)), Tokenizer.Load(s_teacher),
                teacher.Config with { VocabularySize = 4090 })).Message);
    }
}
