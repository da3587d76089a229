using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Evaluating;

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
        Assert.Equal(File.ReadLines(Path.Combine(Path.GetDirectoryName(Endings)!, "endings.jsonl")).Take(40).Average(line =>
            1.0 / JsonDocument.Parse(line).RootElement.GetProperty("choices").GetArrayLength()), task.GetProperty("chance").GetDouble(),
                1e-12);
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

    [Fact]
    public void Instructions_are_judged_and_documents_say_which_were_followed()
    {
        File.WriteAllText(Path.Combine(_folder.Path, "q.jsonl"), "{\"prompt\": \"Once upon a time, there\", \"instruction_id_list\": "
            + "[\"punctuation:no_comma\", \"length_constraints:number_words\", \"startend:quotation\"], "
            + "\"kwargs\": [{}, {\"num_words\": 2, \"relation\": \"at least\"}, {}]}\n");
        var task = Write("own.yaml", "kind: instructions\ntest: q.jsonl\nprompt: \"{prompt}\"\nstop: \".\"\nmax-tokens: 40\n");
        var lines = Path.Combine(_folder.Path, "documents.jsonl");
        var metrics = Assert.Single(Verb.Json($"evaluate {Teacher} --tasks {task} --max-tokens 8 --per-document {lines}")
            .GetProperty("tasks").EnumerateArray()).GetProperty("results")[0].GetProperty("metrics").EnumerateArray();
        Assert.Equal([("prompt_level_strict_acc", 0.0), ("inst_level_strict_acc", 2 / 3.0), ("prompt_level_loose_acc", 0.0),
            ("inst_level_loose_acc", 2 / 3.0)],
            metrics.Select(metric => (metric.GetProperty("name").GetString()!, metric.GetProperty("value").GetDouble())));
        var document = JsonDocument.Parse(File.ReadAllText(lines)).RootElement;
        Assert.InRange(document.GetProperty("tokens").GetInt32(), 2, 8);
        Assert.Equal([true, true, false],
            document.GetProperty("instructions").EnumerateArray().Select(one => one.GetProperty("strict").GetBoolean()));
    }

    [Fact]
    public void Programs_are_only_written_where_nobody_says_that_they_are_run()
    {
        File.WriteAllText(Path.Combine(_folder.Path, "q.jsonl"),
            "{\"task_id\": \"a/1\", \"q\": \"Once upon a time\", \"n\": \"1\"}\n"
            + "{\"task_id\": \"a/2\", \"q\": \"It was\", \"n\": \"2\"}\n");
        var task = Write("own.yaml", "kind: code\ntest: q.jsonl\nprompt: \"{q}\"\ntarget: x\nstop: \"\\n\"\nmax-tokens: 8\n"
            + "program: \"# {completion}\\nassert {n} == 1\"\n");
        var (samples, lines) = (Path.Combine(_folder.Path, "samples.jsonl"), Path.Combine(_folder.Path, "documents.jsonl"));
        var training = Write("training.txt", "Nothing of these questions.");
        var written = Verb.Json(
            $"evaluate {Teacher} --tasks {task} --samples {samples} --per-document {lines} --contamination {training}");
        Assert.Contains("not scored", TestCommand.Launch(
            $"evaluate {Teacher} --tasks {task} --samples {samples} --contamination {training}").Output, StringComparison.Ordinal);
        // Nothing was scored, over the documents that are not in the training text neither.
        Assert.Empty(written.GetProperty("contamination").GetProperty("tasks")[0].GetProperty("clean")[0].GetProperty("metrics")
            .EnumerateArray());
        Assert.Empty(written.GetProperty("tasks").EnumerateArray());
        Assert.Equal(samples, written.GetProperty("samples").GetString());
        var programs = File.ReadAllLines(samples).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(["a/1", "a/2"], programs.Select(program => program.GetProperty("task_id").GetString()!));
        JsonElement[] Documents() => [.. File.ReadAllLines(lines).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(Documents().Select(document => document.GetProperty("response").GetString()),
            programs.Select(program => program.GetProperty("completion").GetString()));
        Assert.All(Documents(), document => Assert.False(document.TryGetProperty("outcome", out _)));

        var (code, output, error) = TestCommand.Launch($"evaluate {Teacher} --tasks {task} --run-code --per-document {lines} --json");
        if (error.Contains("programs cannot run", StringComparison.Ordinal))
            return;
        Assert.True(code == 0, error);
        Assert.Contains("1 programs passed, 1 failed, 0 took too long", error, StringComparison.Ordinal);
        Assert.Equal(["passed", "failed"], Documents().Select(document => document.GetProperty("outcome").GetString()!));
        var metrics = JsonDocument.Parse(output).RootElement.GetProperty("tasks")[0].GetProperty("results")[0].GetProperty("metrics");
        Assert.Equal(("pass@1", 0.5), (metrics[0].GetProperty("name").GetString(), metrics[0].GetProperty("value").GetDouble()));
    }

    [Fact]
    public void Two_models_are_graded_and_shown_beside_each_other()
    {
        File.WriteAllText(Path.Combine(_folder.Path, "q.jsonl"),
            "{\"question_id\": 1, \"category\": \"tales\", \"turns\": [\"Once upon a time\"]}\n");
        File.WriteAllText(Path.Combine(_folder.Path, "j.jsonl"), string.Concat(new[] { "single-v1", "pair-v2" }.Select(name =>
            $"{{\"name\": \"{name}\", \"system_prompt\": \"s\", \"prompt_template\": \"{name}\"}}\n")));
        var task = Write("own.yaml", "kind: judged\ntest: q.jsonl\nprompt: \"{turn}\"\njudge-prompts: j.jsonl\nmax-tokens: 4\n");
        using var server = new JudgeServer((request, _) => PlayedAnswer.Saying(request.User == "single-v1" ? "[[6]]" : "[[A]]"));
        var report = Verb.Json($"evaluate {Teacher} {Teacher} --tasks {task} --judge {server.Address} --judge-model good --judge-pairs");
        var metrics = report.GetProperty("tasks")[0].GetProperty("results")[1].GetProperty("metrics");
        Assert.Equal(["score", "score,turn-1", "unjudged"],
            metrics.EnumerateArray().Select(metric => metric.GetProperty("name").GetString()!));
        Assert.Equal((6.0, "plain"), (metrics[0].GetProperty("value").GetDouble(), metrics[0].GetProperty("scale").GetString()));
        var pair = Assert.Single(report.GetProperty("pairs").EnumerateArray());
        Assert.Equal(("good", 0, 1, 0.5), (report.GetProperty("judge").GetString(), pair.GetProperty("wins").GetInt32(),
            pair.GetProperty("ties").GetInt32(), pair.GetProperty("win_rate").GetDouble()));
    }

    [Theory]
    [InlineData("--tasks humaneval", "--run-code runs them in a sandbox, --samples FILE.jsonl only saves them")]
    [InlineData("--tasks mmlu --run-code", "--run-code was given, but no task of --tasks asks for programs")]
    [InlineData("--tasks humaneval,mbpp --samples s.jsonl", "there are 1 models and 2 such tasks")]
    [InlineData("--tasks mtbench", "name it with --judge")]
    [InlineData("--tasks mmlu --judge http://localhost", "no task of --tasks is judged by another model")]
    [InlineData("--tasks mtbench --judge http://localhost", "choose one with --judge-model")]
    [InlineData("--tasks mtbench --judge-model x", "--judge-model was given without --judge")]
    [InlineData("--tasks mtbench --judge nowhere", "nowhere")]
    [InlineData("--tasks mtbench --judge http://localhost --judge-model x --judge-pairs", "--judge-pairs compares models")]
    [InlineData("--tasks mmlu --attempts 4", "is of kind choice, for which a model generates no text")]
    [InlineData("--tasks gsm8k --temperature 1", "--temperature is for sampled answers, but models answer greedily: say how many")]
    [InlineData("--tasks gsm8k --attempts 4 --temperature 0", "--temperature is 0; it must be a number above 0")]
    [InlineData("--attempts 4", "--attempts was given without --tasks")]
    [InlineData("--tasks tasks/endings/endings.yaml --contamination a.txt tasks/endings/endings.yaml", "write --contamination before each")]
    [InlineData("--tasks nothing", "there is no task 'nothing'")]
    [InlineData("--tasks ,", "--tasks is empty;")]
    [InlineData("--tasks mmlu,mmlu", "--tasks names mmlu twice")]
    [InlineData("--tasks tasks/endings/endings.yaml,tasks/endings/../endings/endings.yaml", "--tasks names two tasks endings")]
    [InlineData("--tasks tasks/endings/endings.yaml --context-length 64", "no task of --tasks generates its questions")]
    [InlineData("--tasks ruler_vt --context-length 384,384", "has a length twice")]
    [InlineData("nowhere --tasks tasks/endings/endings.yaml", "nowhere: not found")]
    [InlineData("--tasks tasks/endings/continuations.yaml --chat-template", "scores plain text without a chat template")]
    [InlineData("--tasks tasks/endings/continuations.yaml --max-tokens 512", "none is left for the question")]
    [InlineData("--tasks mmlu --sequence 4", "--sequence is for the loss on a text")]
    [InlineData("--tasks mmlu --batch 4", "--batch is for the loss on a text")]
    [InlineData("--tasks mmlu --benchmarks nowhere", "nowhere is not a folder")]
    [InlineData("--shots 2", "--shots was given without --tasks")]
    [InlineData("--contamination nowhere.jsonl", "--contamination was given without --tasks")]
    public void What_cannot_be_asked_is_refused(string options, string expected) =>
        Assert.Contains(expected, Verb.Refused($"evaluate {Teacher} {options.Replace("tasks/endings",
            Path.Combine(Fixtures.Root, "tasks", "endings"), StringComparison.Ordinal)}"));

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder.Path, name);
        File.WriteAllText(path, text);
        return path;
    }

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }
}
