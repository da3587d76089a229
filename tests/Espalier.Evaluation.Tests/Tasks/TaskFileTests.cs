using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Tasks.Templates;
using Espalier.Evaluation.Texts;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Tasks;

/// <summary>Tasks are read, and what is wrong in them is said with file, line and key.</summary>
public sealed class TaskFileTests
{
    private const string Sound = "test: a.jsonl\nprompt: \"{q}\"\nchoices: [\"{a}\", \"{b}\"]\nanswer: \"{r}\"\n";

    [Theory]
    [InlineData("[A, B, C]", "acc")]
    [InlineData("[yes, no]", "acc acc_norm acc_bytes")]
    [InlineData("[é, e]", "acc acc_norm acc_bytes")]
    [InlineData("[\"{a}\", \"{b}\"]", "acc acc_norm acc_bytes")]
    public void What_is_equal_by_construction_is_told_once(string choices, string expected) => Assert.Equal(expected,
        string.Join(' ', TaskFile.Parse($"test: q.jsonl\nprompt: q\nchoices: {choices}\nanswer: \"{{n}}\"\n", "t.yaml").Kind.Metrics
            .Select(metric => metric.Name)));

    [Fact]
    public void Every_task_of_the_program_can_be_read()
    {
        Assert.True(TaskCatalog.Names.Count >= 8);
        Assert.All(TaskCatalog.Names, name => Assert.Equal(name, TaskCatalog.Find(name).Name));
        Assert.Equal(TaskCatalog.Names,
            Directory.GetFiles(Path.Combine(Fixtures.Root, "tasks")).Select(Path.GetFileNameWithoutExtension)
                .Order(StringComparer.Ordinal));
        Assert.Contains("Did you mean mmlu?", Assert.Throws<EspalierException>(() => TaskCatalog.Find("mmlo")).Message);
    }

    [Theory]
    [InlineData("", "is empty; a task names at least")]
    [InlineData("prompt: a\nchoices: [a, b]\nanswer: \"0\"", "test is missing")]
    [InlineData("test: a\nprompt: \"{q\"\nchoices: [a, b]\nanswer: \"0\"", "line 2: prompt: a { without }")]
    [InlineData("test: a\nprompt: \"q}\"\nchoices: [a, b]\nanswer: \"0\"", "line 2: prompt: a } without {")]
    [InlineData("test: a\nprompt: \"{q|upper}\"\nchoices: [a, b]\nanswer: \"0\"", "there is no filter 'upper'; there are strip")]
    [InlineData("test: a\nprompt: \"{}\"\nchoices: [a, b]\nanswer: \"0\"", "is not a field")]
    [InlineData("test: a\nprompt: q\nchoices: \"a\"\nanswer: \"0\"", "line 3: choices is one choice")]
    [InlineData(Sound + "shots: { count: many }", "count is 'many'; it must be a whole number from 0")]
    [InlineData(Sound + "shots: { order: frist }", "Did you mean first?")]
    [InlineData(Sound + "promt: a", "promt is not a key here")]
    [InlineData(Sound + "kind: multiple", "kind is 'multiple'; it must be one of choice, partial")]
    [InlineData(Sound + "kind: partial", "continuation is missing")]
    [InlineData(Sound + "test: b", "test")]
    public void What_is_wrong_is_named(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => TaskFile.Parse(text, "t.yaml")).Message);

    [Theory]
    [InlineData("{\"q\": \"Q\", \"a\": \"A\", \"b\": \"B\", \"r\": 1}", null)]
    [InlineData("{\"q\": \"Q\", \"a\": \"A\", \"b\": \"B\", \"r\": 2}", "line 1: the answer is '2', but there are 2 choices")]
    [InlineData("{\"q\": \"Q\", \"a\": \"A\", \"b\": \"\", \"r\": 1}", "line 1: choice 2 is empty")]
    [InlineData("{\"q\": \"Q\", \"a\": \"A\", \"r\": 1}", "line 1: has no b; there are q, a, r")]
    [InlineData("{\"q\": [\"Q\"], \"a\": \"A\", \"b\": \"B\", \"r\": 1}", "line 1: q is a list; a text was expected")]
    [InlineData("[]", "has no documents")]
    [InlineData("\"text\"", "line 1: is not a JSON object")]
    [InlineData("", "has no documents")]
    public void Documents_that_are_none_are_named(string line, string? error)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "a.jsonl"), line + "\n");
        File.WriteAllText(Path.Combine(folder.Path, "t.yaml"), Sound);
        var task = TaskFile.Read(Path.Combine(folder.Path, "t.yaml"));
        if (error is null)
        {
            var prompt = Assert.Single(ChoicePrompts.Of(task, new(null)).Single().Prompts);
            Assert.Equal([("Q", " A"), ("Q", " B")], prompt.Pairs);
            Assert.Equal(1, prompt.Answer);
        }
        else
            Assert.Contains(error, Assert.Throws<EspalierException>(() => ChoicePrompts.Of(task, new(null))).Message);
    }

    [Fact]
    public void Shots_and_subjects_are_written_as_the_harness_writes_them()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "test"));
        Directory.CreateDirectory(Path.Combine(folder.Path, "dev"));
        File.WriteAllText(Path.Combine(folder.Path, "test", "odd_things_test.csv"), "\" What, then?\",one,two,three,four,C\n");
        File.WriteAllText(Path.Combine(folder.Path, "dev", "odd_things_dev.csv"), "Before?,1,2,3,4,A\nAnd?,5,6,7,8,B\n");
        File.WriteAllText(Path.Combine(folder.Path, "t.yaml"),
            File.ReadAllText(Path.Combine(Fixtures.Root, "tasks", "mmlu.yaml")).Replace("mmlu/", "", StringComparison.Ordinal));
        var task = TaskFile.Read(Path.Combine(folder.Path, "t.yaml"));
        var (subject, prompts) = Assert.Single(ChoicePrompts.Of(task, new(null, Shots: 2)));
        Assert.Equal("odd_things", subject);
        Assert.Equal(
            "The following are multiple choice questions (with answers) about odd things.\n\n"
            + "Before?\nA. 1\nB. 2\nC. 3\nD. 4\nAnswer: A\n\nAnd?\nA. 5\nB. 6\nC. 7\nD. 8\nAnswer: B\n\n"
            + "What, then?\nA. one\nB. two\nC. three\nD. four\nAnswer:", prompts[0].Pairs[0].Context);
        Assert.Equal([" A", " B", " C", " D"], prompts[0].Pairs.Select(pair => pair.Continuation));
        Assert.Equal(2, prompts[0].Answer);
    }

    [Fact]
    public void A_blank_is_filled_in_the_context_and_what_follows_is_scored()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "a.jsonl"),
            "{\"sentence\": \"The cup broke, for the _ was hard.\", \"options\": [\"cup\", \"floor\"], \"answer\": 1}\n");
        File.WriteAllText(Path.Combine(folder.Path, "t.yaml"), File.ReadAllText(Path.Combine(Fixtures.Root, "tasks", "winogrande.yaml"))
            .Replace("winogrande/test", "a", StringComparison.Ordinal));
        var task = TaskFile.Read(Path.Combine(folder.Path, "t.yaml"));
        var prompt = ChoicePrompts.Of(task, new(null)).Single().Prompts[0];
        Assert.Equal([("The cup broke, for the cup", " was hard."), ("The cup broke, for the floor", " was hard.")], prompt.Pairs);
    }

    [Theory]
    [InlineData("  ab \u00a0", "ab")]
    [InlineData("\u001c\n", "")]
    public void Strips_as_python_does(string text, string expected) => Assert.Equal(expected, PythonText.Strip(text));

    [Theory]
    [InlineData("hello World", "Hello world")]
    [InlineData("", "")]
    [InlineData("ÉA", "Éa")]
    public void Capitalizes_as_python_does(string text, string expected) => Assert.Equal(expected, PythonText.Capitalize(text));
}
