using Espalier.Evaluation.Documents;
using Espalier.Evaluation.FunctionCalls;
using Espalier.Evaluation.FunctionCalls.Questions;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Tests.FunctionCalls;

/// <summary>BFCL's files, and what is refused in them.</summary>
public sealed class FunctionCallFilesTests : IDisposable
{
    private const string Question = """
        {"id": "simple_python_0", "question": [[{"role": "user", "content": "Two and three?"}]], "function": [{"name": "m.add",
        "parameters": {"type": "dict", "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {"type": "float"}}},
        "required": ["a"]}}]}
        """;
    private const string Answer = """{"id": "simple_python_0", "ground_truth": [{"m.add": {"a": [2], "b": ["", [3.0]]}}]}""";

    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-calls-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_category_is_read_with_its_answers()
    {
        foreach (var answers in new[] { "possible_answer_simple_python.json", "possible_answer/BFCL_v4_simple_python.json" })
        {
            Write(Question, Answer, answers);
            var question = Assert.Single(FunctionCallFolder.Read(_folder, new("simple_python")));
            Assert.Equal(("user", "Two and three?"), Assert.Single(question.Messages));
            Assert.True(FunctionCallScorer.Score(question, "m.add(a=2)").IsRight);
            Assert.True(FunctionCallScorer.Score(question, "m.add(a=2, b=[3.0])").IsRight);
            File.Delete(Path.Combine(_folder, answers));
        }
    }

    [Theory]
    [InlineData("\"id\": \"simple_python_0\", \"ground", "\"id\": \"simple_python_1\", \"ground", "has no possible answer")]
    [InlineData("\"a\": [2]", "\"a\": 2", "m.add.a is not a list of values")]
    [InlineData("{\"m.add\": {", "{\"m.mul\": {}, \"m.add\": {", "ground_truth[0] is not one function")]
    [InlineData("\"type\": \"integer\"", "\"type\": \"number\"", "parameter a of m.add has the type number, which Python does not have")]
    [InlineData("\"items\": {\"type\": \"float\"}", "\"items\": {}", "items of lists must have a type")]
    [InlineData("\"question\": [[", "\"asked\": [[", "question is missing")]
    [InlineData("\"name\": \"m.add\",", "\"named\": \"m.add\",", "function[0].name is missing")]
    public void What_is_wrong_is_named_with_file_and_line(string from, string to, string message)
    {
        Write(Question.Replace(from, to, StringComparison.Ordinal), Answer.Replace(from, to, StringComparison.Ordinal),
            "possible_answer_simple_python.json");
        var error = Assert.Throws<EspalierException>(() => FunctionCallFolder.Read(_folder, new("simple_python")));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Contains("simple_python.json, line 1", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_of_categories_say_what_is_wanted()
    {
        Assert.Equal((CallGoal.Parallel, CallLanguage.Python), Of("live_parallel_multiple"));
        Assert.Equal((CallGoal.Simple, CallLanguage.Java), Of("simple_java"));
        Assert.Equal((CallGoal.Simple, CallLanguage.JavaScript), Of("simple_javascript"));
        Assert.Equal((CallGoal.Irrelevance, CallLanguage.Python), Of("live_irrelevance"));
        Assert.Equal((CallGoal.Relevance, CallLanguage.Python), Of("live_relevance"));
        Assert.Equal((CallGoal.Multiple, CallLanguage.Python), Of("multiple"));

        static (CallGoal, CallLanguage) Of(string name) => (new CallCategory(name).Goal, new CallCategory(name).Language);
    }

    [Fact]
    public void Accuracy_is_by_category_and_as_the_leaderboard_weighs_it()
    {
        var verdicts = new[] { ("simple_python", 3, 4), ("simple_java", 1, 2), ("simple_javascript", 1, 4), ("multiple", 1, 2),
            ("parallel", 1, 1), ("parallel_multiple", 0, 1), ("live_simple", 3, 3), ("live_multiple", 0, 3), ("live_parallel", 1, 1),
            ("live_parallel_multiple", 1, 1) };
        var counts = verdicts.ToDictionary(of => of.Item1, of => of.Item3);
        var document = new TaskDocument(default, "here", 0);
        var weights = FunctionCallTotals.Names.ToDictionary(metric => metric, metric => FunctionCallTotals.Weights(metric, counts));
        DocumentResult[] results = [.. verdicts.SelectMany(of => Enumerable.Range(0, of.Item3).Select(i => new FunctionCallResult(
            new(document, ""), new("", 1, GenerationEnd.Length, 0), new(i < of.Item2, null, null),
            weights.ToDictionary(metric => metric.Key, metric => metric.Value.GetValueOrDefault(of.Item1)))
        {
            Category = of.Item1,
        }))];
        Assert.Equal(12.0 / 22, Value("accuracy"), 1e-12);
        Assert.Equal(0.5, Value("simple"), 1e-12);
        Assert.Equal(0.5, Value("non_live"), 1e-12);
        Assert.Equal(5.0 / 8, Value("live"), 1e-12);
        // Of a mean of which a category is missing there is none.
        Assert.False(TaskMetric.Weighs(new("irrelevance"), results));
        // A mean of three means has the error of three means: what lies between them is no chance.
        Assert.Equal(Math.Sqrt(3.0 / 16 / 3 + 1.0 / 4 + 3.0 / 16 / 3) / 3, TaskMetric.Of(new("simple"), results).StandardError!.Value, 1e-12);
        // Without the only right call of a category, its mean is that of the others.
        Assert.Equal((3.0 / 4 + 0 + 1.0 / 4) / 3, TaskMetric.Of(new("simple"), [.. results[..4], .. results[5..]]).Value, 1e-12);
        Assert.False(TaskMetric.Weighs(new("simple"), results[..6]));

        double Value(string metric) => TaskMetric.Of(new(metric), results).Value;
    }

    [Fact]
    public void A_question_without_right_calls_is_refused_before_a_model_is_asked()
    {
        Write(Question, "{\"id\": \"simple_python_0\", \"ground_truth\": []}", "possible_answer_simple_python.json");
        Assert.EndsWith("line 1: its ground_truth has no calls, so no answer would be right",
            Assert.Throws<EspalierException>(() => FunctionCallFolder.Read(_folder, new("simple_python"))).Message, StringComparison.Ordinal);
    }

    private void Write(string question, string answer, string answers)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "possible_answer"));
        File.WriteAllText(Path.Combine(_folder, "BFCL_v4_simple_python.json"), question.ReplaceLineEndings(" ") + "\n");
        File.WriteAllText(Path.Combine(_folder, answers), answer + "\n");
    }
}
