using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.FunctionCalls;
using Espalier.Evaluation.Tasks;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.FunctionCalls;

/// <summary>How BFCL's questions are asked.</summary>
public sealed class FunctionCallTaskTests : IDisposable
{
    private const string Asked = """
        {"id": "NAME_0", "question": [[MESSAGES]], "function": [{"name": "add", "parameters": {"type": "dict", "properties": {}}}]}
        """;

    private const string User = """{"role": "user", "content": "Add."}""";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Categories_are_subjects_in_the_leaderboards_order_and_other_files_are_passed_over()
    {
        Write("live_simple", User);
        Write("simple_python", User);
        Write("multi_turn_base", User);
        var questions = Questions("");
        Assert.Equal([("simple_python", 1), ("live_simple", 1)], questions.Subjects);
        Assert.Equal([("live_simple", 1)], Questions("categories: [live_simple]\n").Subjects);
        Assert.Contains("has no category parallel", Refused("categories: [parallel]\n"));
        Assert.Contains("categories has paralel; known: simple_python", Refused("categories: [paralel]\n"));
        File.Delete(_folder.Of("right_live_simple.json"));
        Assert.Contains("right_live_simple.json does not exist", Refused(""));
    }

    [Fact]
    public void What_the_system_says_has_the_functions_and_stands_before_what_the_question_has_of_it()
    {
        Write("simple_java", $$"""{"role": "system", "content": "Be brief."}, {{User}}""");
        var task = TaskFile.Read(Task(""));
        var question = Assert.Single(FunctionCallFolder.Read(_folder.Path, new("simple_java")));
        Assert.Equal("Be brief. Add.", task.Kind.TextOf(task, question.Document));
        Assert.Equal([("system", $"Java: {question.FunctionJson}\n\nBe brief."), ("user", "Add.")],
            FunctionCallKind.Conversation(task.Prompt, question).Select(message => (message.Role, message.Text)));
    }

    [OutsideTheory("benchmarks/bfcl/BFCL_v4_simple_python.json")]
    [InlineData("bfcl", 13, 3641)]
    [InlineData("bfcl_live", 6, 2251)]
    [InlineData("bfcl_non_live", 7, 1390)]
    public void All_questions_of_the_benchmark_are_asked(string name, int categories, int questions)
    {
        var task = TaskCatalog.Find(name);
        var subjects = task.Kind.Questions(task, new(Fixtures.Outside("benchmarks"))).Subjects;
        Assert.Equal((categories, questions), (subjects.Count, subjects.Sum(subject => subject.Documents)));
        Assert.All(task.Kind.Questions(task, new(Fixtures.Outside("benchmarks"), Limit: 3)).Subjects,
            subject => Assert.Equal(3, subject.Documents));
    }

    public void Dispose() => _folder.Dispose();

    private void Write(string category, string messages)
    {
        File.WriteAllText(_folder.Of($"BFCL_v4_{category}.json"), Asked.Replace("NAME", category, StringComparison.Ordinal)
            .Replace("MESSAGES", messages, StringComparison.Ordinal) + "\n");
        foreach (var name in new[] { $"right_{category}.json", $"possible_answer_{category}.json" })
            File.WriteAllText(_folder.Of(name), $$"""{"id": "{{category}}_0", "ground_truth": [{"add": {} }] }""" + "\n");
    }

    private string Task(string keys)
    {
        File.WriteAllText(_folder.Of("own.yaml"),
            $"kind: function-calls\ntest: BFCL_v4_*.json\nanswers: right_*.json\nprompt: '{{language}}: {{functions}}'\n{keys}");
        return _folder.Of("own.yaml");
    }

    private TaskQuestions Questions(string keys)
    {
        var task = TaskFile.Read(Task(keys));
        return task.Kind.Questions(task, new(null));
    }

    private string Refused(string keys) => Assert.Throws<EspalierException>(() => Questions(keys)).Message;
}
