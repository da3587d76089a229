using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Evaluating;

/// <summary><c>evaluate --attempts</c>: pass@k beside the greedy answer, in table, JSON, lines and samples.</summary>
public sealed class EvaluateAttemptsTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    private static string Teacher => Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    [Fact]
    public void Two_models_are_compared_by_the_share_of_right_attempts_document_by_document()
    {
        Write("q.jsonl", string.Concat(((string[])["little", "big", "happy", "small", "brown"]).Select(word =>
            $"{{\"q\": \"Once upon a time, there was a {word}\", \"a\": \"girl\"}}\n")));
        var task = Write("next.yaml", "kind: generate\ntest: q.jsonl\nprompt: \"{q}\"\ntarget: \"{a}\"\nmax-tokens: 4\n"
            + "filters:\n  word: { regex: '([a-z]+)' }\n");
        var lines = Path.Combine(_folder.Path, "documents.jsonl");
        var other = Other();
        var options = $"--tasks {task} --attempts 6 --temperature 1.5 --top-p 1 --seed 3";
        var report = Verb.Json($"evaluate {Teacher} {other} {options} --per-document {lines}");
        Assert.Equal("{\"count\":6,\"temperature\":1.5,\"top_p\":1,\"seed\":3}", report.GetProperty("attempts").GetRawText());
        var asked = Assert.Single(report.GetProperty("tasks").EnumerateArray());
        Assert.Equal(["pass@1,word,sampled", "pass@6,word,sampled", "exact_match,word"],
            asked.GetProperty("results")[0].GetProperty("metrics").EnumerateArray()
                .Select(metric => metric.GetProperty("name").GetString()!));

        var documents = File.ReadAllLines(lines).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        double[] shares = [.. documents.Select(document => document.GetProperty("attempts").EnumerateArray().ToArray() is { Length: 6 } made
            ? made.Average(one => one.GetProperty("filters").GetProperty("word").GetProperty("right").GetBoolean() ? 1.0 : 0) : -1)];
        double Value(int model, int metric) =>
            asked.GetProperty("results")[model].GetProperty("metrics")[metric].GetProperty("value").GetDouble();
        Assert.Equal(shares.Take(5).Average(), Value(0, 0), 1e-12);
        Assert.Equal(shares.Skip(5).Average(), Value(1, 0), 1e-12);
        Assert.Equal(shares.Take(5).Average(share => share > 0 ? 1.0 : 0), Value(0, 1), 1e-12);
        Assert.Contains(shares, share => share is > 0 and < 1);
        var comparison = Assert.Single(asked.GetProperty("comparisons").EnumerateArray());
        Assert.Equal(("permutation", shares.Skip(5).Average() - shares.Take(5).Average()),
            (comparison.GetProperty("test").GetString(), comparison.GetProperty("difference").GetDouble()),
            (a, b) => a.Item1 == b.Item1 && Math.Abs(a.Item2 - b.Item2) < 1e-12);

        var (code, output, _) = TestCommand.Launch($"evaluate {Teacher} {options}");
        Assert.Equal(0, code);
        Assert.Contains("pass@6,word,sampled", output, StringComparison.Ordinal);
        Assert.Contains("greedily, and in 6 attempts at temperature 1.5, top-p 1, seed 3", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Programs_of_all_attempts_are_written_and_run_only_where_the_user_says_so()
    {
        Write("q.jsonl", "{\"task_id\": \"a/1\", \"q\": \"Once upon a time\", \"n\": \"1\"}\n"
            + "{\"task_id\": \"a/2\", \"q\": \"It was\", \"n\": \"2\"}\n");
        // Right is a program with an l in it, of the first document alone.
        var task = Write("own.yaml", "kind: code\ntest: q.jsonl\nprompt: \"{q}\"\ntarget: x\nstop: [\"\\n\", '\"']\nmax-tokens: 8\n"
            + "program: \"text = \\\"{completion}\\\"\\nassert {n} == 1 and 'l' in text\"\n");
        var (samples, lines) = (Path.Combine(_folder.Path, "samples.jsonl"), Path.Combine(_folder.Path, "documents.jsonl"));
        var written = Verb.Json($"evaluate {Teacher} --tasks {task} --attempts 3 --samples {samples} --per-document {lines}");
        Assert.Empty(written.GetProperty("tasks").EnumerateArray());
        JsonElement[] Documents() => [.. File.ReadAllLines(lines).Select(line => JsonDocument.Parse(line).RootElement)];
        var programs = File.ReadAllLines(samples).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(["a/1", "a/1", "a/1", "a/2", "a/2", "a/2"], programs.Select(one => one.GetProperty("task_id").GetString()!));
        Assert.Equal(Documents().SelectMany(document => document.GetProperty("attempts").EnumerateArray())
            .Select(attempt => attempt.GetProperty("response").GetString()),
            programs.Select(one => one.GetProperty("completion").GetString()));
        Assert.All(Documents().SelectMany(document => document.GetProperty("attempts").EnumerateArray()),
            attempt => Assert.False(attempt.TryGetProperty("outcome", out _)));

        var (code, output, error) =
            TestCommand.Launch($"evaluate {Teacher} --tasks {task} --attempts 3 --run-code --per-document {lines} --json");
        if (error.Contains("programs cannot run", StringComparison.Ordinal))
            return;
        Assert.True(code == 0, error);
        bool[] passed = [.. Documents()[0].GetProperty("attempts").EnumerateArray()
            .Select(attempt => attempt.GetProperty("outcome").GetString() == "passed")];
        Assert.Equal(programs.Take(3).Select(one => one.GetProperty("completion").GetString()!.Contains('l', StringComparison.Ordinal)),
            passed);
        var metrics = JsonDocument.Parse(output).RootElement.GetProperty("tasks")[0].GetProperty("results")[0].GetProperty("metrics");
        Assert.Equal(["pass@1,sampled", "pass@3,sampled", "timed_out,sampled", "pass@1", "timed_out"],
            metrics.EnumerateArray().Select(metric => metric.GetProperty("name").GetString()!));
        Assert.Equal(passed.Count(one => one) / 6.0, metrics[0].GetProperty("value").GetDouble(), 1e-12);
    }

    // The same weights with other rotations: a model that says something else.
    private string Other()
    {
        var folder = Verb.Copy(Teacher, Path.Combine(_folder.Path, "other"));
        var config = Path.Combine(folder, "config.json");
        File.WriteAllText(config, System.Text.RegularExpressions.Regex.Replace(
            File.ReadAllText(config), "\"rope_theta\": *[0-9.]+", "\"rope_theta\": 3.0"));
        return folder;
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder.Path, name);
        File.WriteAllText(path, text);
        return path;
    }
}
