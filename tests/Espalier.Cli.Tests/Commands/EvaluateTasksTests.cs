using System.Text.Json;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands;

/// <summary><c>evaluate --tasks</c>: models beside each other, lines of documents, what is remembered, what is refused.</summary>
public sealed class EvaluateTasksTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    private static string Teacher => Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    private static string Endings => Path.Combine(Fixtures.Root, "tasks", "endings", "endings.yaml");

    [Fact]
    public void A_teacher_knows_how_its_own_texts_go_on_and_a_copy_of_it_as_well()
    {
        var copy = Verb.Copy(Teacher, Path.Combine(_folder.Path, "copy"));
        var lines = Path.Combine(_folder.Path, "documents.jsonl");
        var report = Verb.Json($"evaluate {Teacher} {copy} --tasks {Endings} --limit 40 --per-document {lines}");
        var task = Assert.Single(report.GetProperty("tasks").EnumerateArray());
        Assert.Equal(("endings", 40), (task.GetProperty("task").GetString(), task.GetProperty("documents").GetInt32()));
        var accuracy = task.GetProperty("results")[0].GetProperty("metrics")[1];
        Assert.Equal("acc_norm", accuracy.GetProperty("name").GetString());
        Assert.InRange(accuracy.GetProperty("value").GetDouble(), 0.5, 0.9);
        Assert.InRange(accuracy.GetProperty("standard_error").GetDouble(), 0.05, 0.09);
        var same = Assert.Single(task.GetProperty("comparisons").EnumerateArray());
        Assert.Equal((0.0, 0, 1.0), (same.GetProperty("difference").GetDouble(), same.GetProperty("only_model").GetInt32(),
            same.GetProperty("probability").GetDouble()));
        var documents = File.ReadAllLines(lines).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(80, documents.Length);
        Assert.Equal(accuracy.GetProperty("value").GetDouble(), documents.Take(40)
            .Average(document => document.GetProperty("predicted_norm").GetInt32() == document.GetProperty("answer").GetInt32() ? 1.0 : 0));
    }

    [Fact]
    public void What_the_training_text_has_too_is_named_and_the_rest_is_counted_alone()
    {
        // The first three of the documents are in a text, in other letters and with other marks.
        var training = Path.Combine(_folder.Path, "train.jsonl");
        var texts = File.ReadLines(Path.Combine(Fixtures.Root, "tasks", "endings", "endings.jsonl")).Take(3)
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("context").GetString()!);
        File.WriteAllLines(training, texts.Select(text => JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["text"] = $"Before it.\n{text.ToUpperInvariant().Replace(" ", " -- ", StringComparison.Ordinal)}",
        })));
        var lines = Path.Combine(_folder.Path, "documents.jsonl");
        var report = Verb.Json($"evaluate {Teacher} --tasks {Endings} --limit 20 --contamination {training} --per-document {lines}");
        var found = report.GetProperty("contamination");
        Assert.Equal(3, found.GetProperty("text").GetProperty("texts").GetInt32());
        var task = Assert.Single(found.GetProperty("tasks").EnumerateArray());
        Assert.Equal((20, 3, 0), (task.GetProperty("documents").GetInt32(), task.GetProperty("shared").GetInt32(),
            task.GetProperty("too_short").GetInt32()));
        Assert.Equal(["train.jsonl:1", "train.jsonl:2", "train.jsonl:3"], task.GetProperty("examples").EnumerateArray()
            .Select(example => Path.GetFileName(example.GetProperty("origin").GetString()!)));

        var documents = File.ReadAllLines(lines).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal([0, 1, 2], documents.Where(document => document.GetProperty("contaminated").GetBoolean())
            .Select(document => document.GetProperty("document").GetInt32()));
        Assert.Equal(1, documents[0].GetProperty("overlap").GetDouble());
        Assert.Equal(
            documents.Skip(3).Average(document =>
                document.GetProperty("predicted").GetInt32() == document.GetProperty("answer").GetInt32() ? 1.0 : 0),
            task.GetProperty("clean")[0].GetProperty("metrics")[0].GetProperty("value").GetDouble(), 1e-12);
    }

    [Fact]
    public void What_was_asked_before_is_not_asked_again()
    {
        // The same files, so that the hash is the same; the limit makes these prompts nobody else's.
        var first = Verb.Json($"evaluate {Teacher} --tasks {Endings} --limit 7");
        var again = Verb.Json($"evaluate {Teacher} --tasks {Endings} --limit 7");
        JsonElement Metrics(JsonElement report) => report.GetProperty("tasks")[0].GetProperty("results")[0].GetProperty("metrics");
        Assert.Equal(Metrics(first).GetRawText(), Metrics(again).GetRawText());
        Assert.True(again.GetProperty("tasks")[0].GetProperty("results")[0].GetProperty("seconds").GetDouble() < 0.5);
    }

    [Fact]
    public void What_a_model_writes_is_judged_by_each_filter_and_not_written_again()
    {
        File.WriteAllText(Path.Combine(_folder.Path, "q.jsonl"),
            "{\"q\": \"Once upon a time, there was a little\", \"a\": \"girl\"}\n{\"q\": \"Once upon a time\", \"a\": \"zebra\"}\n");
        var task = Path.Combine(_folder.Path, "next.yaml");
        File.WriteAllText(task, "kind: generate\ntest: q.jsonl\nprompt: \"{q}\"\ntarget: \"{a}\"\nmax-tokens: 8\nstop: [named]\n"
            + "filters:\n  word: { regex: '([a-z]+)' }\n  number: { regex: '([0-9]+)' }\n");
        var lines = Path.Combine(_folder.Path, "documents.jsonl");
        JsonElement Ask() => Assert.Single(
            Verb.Json($"evaluate {Teacher} --tasks {task} --per-document {lines}").GetProperty("tasks").EnumerateArray());

        var first = Ask();
        var metrics = first.GetProperty("results")[0].GetProperty("metrics").EnumerateArray().ToArray();
        Assert.Equal(["exact_match,word", "exact_match,number"], metrics.Select(metric => metric.GetProperty("name").GetString()!));
        Assert.Equal([0.5, 0], metrics.Select(metric => metric.GetProperty("value").GetDouble()));
        var girl = JsonDocument.Parse(File.ReadLines(lines).First()).RootElement;
        Assert.Equal(("girl", true, "[invalid]"), (girl.GetProperty("filters").GetProperty("word").GetProperty("answer").GetString(),
            girl.GetProperty("filters").GetProperty("word").GetProperty("right").GetBoolean(),
            girl.GetProperty("filters").GetProperty("number").GetProperty("answer").GetString()));
        Assert.DoesNotContain("named", girl.GetProperty("response").GetString());
        Assert.Equal("stop-string", girl.GetProperty("stopped_by").GetString());

        var again = Ask();
        Assert.Equal(first.GetProperty("results")[0].GetProperty("metrics").GetRawText(),
            again.GetProperty("results")[0].GetProperty("metrics").GetRawText());
        Assert.True(again.GetProperty("results")[0].GetProperty("seconds").GetDouble() < 0.3);
    }

    [Theory]
    [InlineData("--tasks humaneval", "is of kind code")]
    [InlineData("--tasks nothing", "there is no task 'nothing'")]
    [InlineData("--tasks ,", "--tasks names none")]
    [InlineData("--tasks mmlu,mmlu", "--tasks names mmlu twice")]
    [InlineData("--tasks mmlu --sequence 4", "--sequence is about the loss of a text")]
    [InlineData("--tasks mmlu --benchmarks nowhere", "nowhere is no folder")]
    [InlineData("--shots 2", "--shots was given without --tasks")]
    [InlineData("--contamination nowhere.jsonl", "--contamination was given without --tasks")]
    public void What_cannot_be_asked_is_refused(string options, string expected) =>
        Assert.Contains(expected, Verb.Refused($"evaluate {Teacher} {options}"));

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }
}
