using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Conversations;
using Espalier.Evaluation.Tasks;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Tasks;

/// <summary>Files of multiple-choice items, which need no task's file.</summary>
public sealed class ItemsFileTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    private TaskDefinition Write(string text)
    {
        var path = Path.Combine(_folder.Path, "task.jsonl");
        File.WriteAllText(path, text);
        return ItemsFile.Task(path);
    }

    private static IReadOnlyList<ChoiceResult> Ask(TaskDefinition task, TaskSettings settings)
    {
        var folder = Path.Combine(Fixtures.Root, "models", "quickstart-teacher");
        using var teacher = Checkpoint.Open(folder);
        using var weights = new LazyWeights(teacher);
        return [.. task.Kind.Questions(task, settings).Ask(weights.Asked(Tokenizer.Load(folder), null), "x", NullProgress.Instance, default)
            .Cast<ChoiceResult>()];
    }

    [Fact]
    public void Items_are_read_and_asked_with_one_blank_unless_they_bring_one()
    {
        var task = Write("""
            {"context": "The sky is", "choices": ["blue", " green"], "answer": 0}

            {"question": "Why?", "choices": ["a", "b", "c"], "answer": 2, "id": 7}
            {"context": "", "choices": ["It rained.", "She laughed"], "answer": 1}
            {"context": "So ", "choices": ["it", "we"], "answer": 1}
            """);
        var asked = Ask(task, new(null)).Select(result => result.Prompt).ToArray();
        Assert.Equal("task", task.Name);
        Assert.Equal([("The sky is", " blue"), ("The sky is", " green")], asked[0].Pairs);
        Assert.Equal([("Question: Why?\nAnswer:", " a"), ("Question: Why?\nAnswer:", " b"), ("Question: Why?\nAnswer:", " c")],
            asked[1].Pairs);
        Assert.Equal([("", "It rained."), ("", "She laughed")], asked[2].Pairs);
        Assert.Equal([("So ", "it"), ("So ", "we")], asked[3].Pairs);
        Assert.Equal(["blue", " green"],
            asked[0].In(ConversationForm.Plain).Pairs.Select(pair => pair.Continuation));
        Assert.Equal([0, 2, 1, 1], asked.Select(prompt => prompt.Answer));
        Assert.Equal(["blue", "green"], asked[0].Choices);
        Assert.Equal(2, Ask(task, new(null, Limit: 2)).Count);
        Assert.Contains("items take no shots",
            Assert.Throws<EspalierException>(() => task.Kind.Questions(task, new(null, Shots: 1))).Message);
    }

    [Fact]
    public void They_score_as_the_same_documents_of_a_tasks_file_do()
    {
        var lines = File.ReadLines(Path.Combine(Fixtures.Root, "tasks", "endings", "endings.jsonl")).Take(6).ToArray();
        var items = Ask(Write(string.Join('\n', lines)), new(null));
        var task = TaskFile.Read(Path.Combine(Fixtures.Root, "tasks", "endings", "endings.yaml"));
        var same = Ask(task, new(null, Limit: 6));
        var (ours, theirs) = (Assert.Single(new ItemsKind().Losses), Assert.Single(task.Kind.Losses));
        Assert.Equal(same.Select(theirs.Of), items.Select(ours.Of));
    }

    [Theory]
    [InlineData("{\"context\": \"a\", \"choices\": [\"b\", \"c\"], \"answer\": 2}",
        "line 1: answer is 2; it must be a whole number from 0 to 1")]
    [InlineData("{\"context\": \"a\", \"choices\": [\"b\", \"c\"], \"answer\": -1}", "answer is -1")]
    [InlineData("{\"context\": \"a\", \"choices\": [\"b\", \"c\"], \"answer\": \"0\"}", "answer is \"0\"")]
    [InlineData("{\"context\": \"a\", \"choices\": [\"b\", \"c\"]}", "answer is missing")]
    [InlineData("{\"context\": \"a\", \"choices\": [\"b\"], \"answer\": 0}", "a list of 2 to 64 texts")]
    [InlineData("{\"context\": \"a\", \"choices\": [\"b\", \" \"], \"answer\": 0}", "choices[1] is not a non-empty text")]
    [InlineData("{\"choices\": [\"b\", \"c\"], \"answer\": 0}", "neither context nor question is a text")]
    [InlineData("[1]", "line 1: is not a JSON object")]
    [InlineData("{", "line 1")]
    [InlineData("", "task.jsonl")]
    public void A_line_that_is_no_item_is_named(string text, string message)
    {
        var task = Write(text);
        Assert.Contains(message, Assert.Throws<EspalierException>(() => task.Kind.Questions(task, new(null))).Message);
    }

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }
}
