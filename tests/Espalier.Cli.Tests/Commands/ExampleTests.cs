using System.Diagnostics;
using System.Text.RegularExpressions;
using Espalier.Cli.Commands;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands;

/// <summary>
/// The examples of all commands, in the order of help, as a shell runs them at the root of a clone: what one writes is what a later one
/// reads. The clone here is a small one: the teacher has few positions and little text, recipes and commands train a step or two on short
/// windows.
/// </summary>
public sealed partial class ExampleTests : IDisposable
{
    private const string Text = "models/quickstart-teacher/self-written.jsonl";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_example_works_as_it_stands_after_those_before_it()
    {
        MakeClone();
        foreach (var example in CommandList.All().SelectMany(command => command.Examples))
        {
            var (code, output) = Shell(Shortened(example));
            Assert.True(code == 0, $"{example}\nas {Shortened(example)}\nends with {code}:\n{output}");
        }
    }

    /// <summary>What makes an example quick and changes nothing of what it accepts: fewer steps, shorter windows, less text.</summary>
    private static string Shortened(string example)
    {
        var line = Steps().Replace(example.Replace("dotnet-docs", Text, StringComparison.Ordinal), "$1 2");
        // A pair of answers to a question stands in one window.
        line = Length().Replace(line, line.Split(' ')[1] == "align" ? "--seq 64" : "--seq 16");
        line = Count().Replace(line, "$1 4");
        string[] more = line.Split(' ')[1] switch
        {
            "cache" or "correct" or "distill" or "pretrain" when line.Contains(Text, StringComparison.Ordinal) =>
                ["--seq 16", "--held-out 10%"],
            "cache" or "correct" or "distill" or "pretrain" or "need" => ["--seq 16"],
            "score" when !line.Contains("--compare", StringComparison.Ordinal) && !line.Contains("--method", StringComparison.Ordinal) =>
                ["--seq 16", "--samples 4"],
            "depth" => ["--seq 16", "--samples 4"],
            "prune" when line.Contains(".jsonl", StringComparison.Ordinal) => ["--seq 16", "--samples 4"],
            "align" => ["--seq 64"],
            "plan" => ["--no-calibration"],
            _ => [],
        };
        var added =
            string.Concat(more.Where(option => !line.Contains(option.Split(' ')[0], StringComparison.Ordinal))
                .Select(option => $" {option}"));
        var end = line.IndexOfAny(['|', '>']);
        return end < 0 ? line + added : $"{line[..end].TrimEnd()}{added} {line[end..]}";
    }

    /// <summary>A server runs until a signal comes: here one, once it says that it listens.</summary>
    private static string Ended(string line) => !line.StartsWith("espalier serve ", StringComparison.Ordinal) ? line
        : $$"""
            exec 3< <(exec dotnet '{{Path.Combine(AppContext.BaseDirectory, "espalier.dll")}}' \
                {{Ports().Replace(line["espalier ".Length..], "")}} --port 0)
            server=$!
            read -r listens <&3
            echo "$listens"
            kill -TERM $server
            wait $server
            """;

    private (int Code, string Output) Shell(string line)
    {
        var script = $$"""
            set -eo pipefail
            espalier() { dotnet '{{Path.Combine(AppContext.BaseDirectory, "espalier.dll")}}' "$@"; }
            command -v jq >/dev/null || jq() { cat; }
            {{Ended(line)}}
            """;
        var start = new ProcessStartInfo("bash", ["--norc", "-c", script])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _folder.Path
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }

    private void MakeClone()
    {
        var teacher = Verb.Copy(Verb.Teacher, At("models", "quickstart-teacher"));
        Change(Path.Combine(teacher, "config.json"), text => Regex.Replace(text, "(\"max_position_embeddings\": *)\\d+", "${1}64"));
        File.WriteAllLines(At(Text.Split('/')), File.ReadLines(Path.Combine(Verb.Teacher, "self-written.jsonl")).Take(40));
        Directory.CreateDirectory(At("tests", "golden", "quickstart-teacher"));
        File.Copy(Verb.TeacherIds, At("tests", "golden", "quickstart-teacher", "self-written.ids.i32"));
        var endings = Verb.Copy(Path.Combine(Fixtures.Root, "tasks", "endings"), At("tasks", "endings"));
        Change(Path.Combine(endings, "endings.jsonl"), text => text.Split('\n')[0]);
        Directory.CreateDirectory(At("samples"));
        foreach (var set in Directory.GetFiles(Path.Combine(Fixtures.Root, "samples"), "*.jsonl"))
            File.Copy(set, At("samples", Path.GetFileName(set)));
        Directory.CreateDirectory(At("docs"));
        File.WriteAllBytes(At("docs", "memory.md"), File.ReadAllBytes(Path.Combine(Fixtures.Root, "docs", "memory.md")));

        foreach (var path in Directory.EnumerateFiles(Path.Combine(Fixtures.Root, "recipes"), "*", SearchOption.AllDirectories))
        {
            var name = Path.GetRelativePath(Fixtures.Root, path);
            var copy = At(name.Split('/'));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            var text = File.ReadAllText(path);
            // Of recipes that only differ in what they compare, two stand for all.
            if (name.StartsWith("recipes/study/", StringComparison.Ordinal) && !name.Contains("/01-", StringComparison.Ordinal)
                && !name.Contains("/05-", StringComparison.Ordinal))
                continue;
            if (name.StartsWith("recipes/arms/", StringComparison.Ordinal) && !name.Contains("/prune-", StringComparison.Ordinal))
                continue;
            File.WriteAllText(copy, text.Contains("models/quickstart-teacher", StringComparison.Ordinal) ? ShortRecipe(text) : text);
        }
    }

    private static string ShortRecipe(string text)
    {
        foreach (var (pattern, value) in new[]
        {
            ("dotnet-docs", Text), ("steps: \\d+", "steps: 2"), ("warm-up: \\d+", "warm-up: 1"), ("samples: \\d+", "samples: 4"),
            ("sequence: \\d+", "sequence: 16"),
            ("evaluate-every: \\d+", "evaluate-every: 1"), ("batch: \\d+", "batch: 2"), ("held-out: [\\d.]+%", "held-out: 10%"),
            ("rungs: \\[[^]]*\\]", "rungs: [1, 2]"), ("candidates: \\d+", "candidates: 2"),
        })
            text = Regex.Replace(text, pattern, value);
        return text;
    }

    private string At(params string[] parts) => Path.Combine([_folder.Path, .. parts]);

    private static void Change(string path, Func<string, string> change) => File.WriteAllText(path, change(File.ReadAllText(path)));

    [GeneratedRegex(@"(--steps|--batch) \d+")]
    private static partial Regex Steps();

    [GeneratedRegex(@"--seq(uence)? \d+")]
    private static partial Regex Length();

    [GeneratedRegex(@" --port \d+")]
    private static partial Regex Ports();

    [GeneratedRegex(@"(?<!top-k-samples --k 16 )(--samples|--windows|--max-tokens) \d+")]
    private static partial Regex Count();
}
