using System.Diagnostics;
using System.Text.RegularExpressions;
using Espalier.Pipeline.Options;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Survival;

/// <summary>
/// Something else in the place of a run's own files: folders, links, pipes, binary junk. Every command says so on a line, or copes.
/// </summary>
[Collection(SharedSmallRun.Name)]
public sealed partial class OddRunFolderTests(SmallRun small) : TorchTest
{
    private static readonly string[] s_finished =
    [
        "run.json", "recipe.yaml", "results.json", "report.html", "run.lock", "latency.json", "student", "student/model.safetensors",
        "student-f32.gguf", "stages",
        "stages/score-*", "stages/score-*/stage.json", "stages/score-*/scores.json", "stages/evaluate-*/timing.jsonl",
        "stages/evaluate-*/losses.json",
        "stages/prune-*/plan.json", "stages/correct-*/metrics.jsonl", "stages/correct-*/tensorboard", "stages/distill-*/model",
    ];

    private static readonly string[] s_interrupted =
    [
        "stages/distill-*/metrics.jsonl", "stages/distill-*/timing.jsonl", "stages/distill-*/checkpoints",
        "stages/distill-*/checkpoints/step-*",
        "stages/distill-*/checkpoints/step-*/manifest.json", "stages/distill-*/checkpoints/step-*/state.safetensors",
        "stages/distill-*/checkpoints/step-*/loop.json", "stages/distill-*/tensorboard", "stages/distill-*/stage.json",
    ];

    private static readonly string[] s_kinds = ["folder", "link", "link to a folder", "link to nothing", "pipe", "junk", "invalid UTF-8",
        "other JSON", "empty"];

    public static TheoryData<string> Kinds => [.. s_kinds];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Commands_that_read_a_run_say_what_is_there(string kind)
    {
        foreach (var name in Some(s_finished, kind))
            Try(small.Undisturbed, name, kind,
                ["status RUN", "runs RUN", "report RUN", "report RUN -o -", $"compare-runs {small.Undisturbed} RUN --exact"]);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_finished_run_that_is_started_again_copes_or_says_what_is_there(string kind)
    {
        foreach (var name in Some(s_finished, kind))
            Try(small.Undisturbed, name, kind, [$"compress {small.Recipe} --output RUN --threads 1"]);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_interrupted_run_that_is_started_again_copes_or_says_what_is_there(string kind)
    {
        var killed = small.At("killed-for-oddities");
        if (!Directory.Exists(killed))
            using (var program = small.Start(killed))
            {
                program.Until(() => SmallRun.Checkpoints(killed).Any(path => path.Contains("distill", StringComparison.Ordinal)));
                program.Kill();
            }
        foreach (var name in Some(s_interrupted, kind))
            Try(killed, name, kind, ["status RUN", "report RUN", $"compress {small.Recipe} --output RUN --threads 1"]);
    }

    /// <summary>All of them take minutes: a few each time, others for each kind.</summary>
    private static IEnumerable<string> Some(string[] names, string kind)
    {
        var every = LongRun.Times(6, 1);
        var first = Array.IndexOf(s_kinds, kind) % every;
        return names.Where((_, i) => i % every == first);
    }

    private void Try(string from, string name, string kind, string[] lines)
    {
        var run = small.At($"odd-{Guid.NewGuid():N}");
        foreach (var line in lines)
        {
            Copy(from, run);
            var place = Find(run, name);
            Replace(place, kind);
            var (code, output, error) = TestCommand.Launch(line.Replace("RUN", run, StringComparison.Ordinal));
            var what = $"{line}, {kind} in place of {name}: {code}\n{error}";
            Assert.True(code is 0 or 1 or 2, what);
            Assert.False(NameOfException().IsMatch(error + output), what);
            Assert.DoesNotContain("internal error", error, StringComparison.Ordinal);
            Assert.DoesNotMatch(@"(?m)^\s+at ", error);
            Assert.DoesNotMatch($"{Regex.Escape(place)} is missing", error);
            if (code == 0)
                Assert.False(error.Contains("espalier: error: ", StringComparison.Ordinal), what);
            else
                Assert.True(error.Contains("espalier: error: ", StringComparison.Ordinal)
                    || line.StartsWith("compare-runs", StringComparison.Ordinal), what);
            Assert.True(File.Exists(small.At("outside", "mine")) && Directory.GetFileSystemEntries(small.At("outside")).Length == 1, what);
            Directory.Delete(run, recursive: true);
            File.Delete($"{run}-so-far.html");
        }
    }

    private void Replace(string path, string kind)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        File.Delete(path);
        Directory.CreateDirectory(small.At("outside"));
        File.WriteAllText(small.At("outside", "mine"), "mine");
        switch (kind)
        {
            case "folder":
                File.WriteAllText(Path.Combine(Directory.CreateDirectory(path).FullName, "mine"), "mine");
                break;
            case "link":
                File.CreateSymbolicLink(path, small.At("outside", "mine"));
                break;
            case "link to a folder":
                File.CreateSymbolicLink(path, small.At("outside"));
                break;
            case "link to nothing":
                File.CreateSymbolicLink(path, small.At("nowhere"));
                break;
            case "pipe":
                Process.Start("mkfifo", [path]).WaitForExit();
                break;
            case "junk":
                var bytes = new byte[3000];
                new Random(1).NextBytes(bytes);
                File.WriteAllBytes(path, bytes);
                break;
            case "invalid UTF-8":
                File.WriteAllBytes(path, [.. "{\"format_version\":1,\"step\":1,\"a\":\""u8, 0xff, 0xfe, 0xc3, .. "\"}\n"u8]);
                break;
            case "other JSON":
                File.WriteAllText(path,
                    "{\"format_version\": 1, \"step\": 1, \"tokens_per_second\": \"many\", \"stages\": [null], \"arms\": 5}\n");
                break;
            default:
                File.WriteAllText(path, "");
                break;
        }
    }

    /// <summary>The first path that a name with patterns stands for; where there is none yet, what it would be.</summary>
    private static string Find(string run, string name)
    {
        var path = run;
        foreach (var part in name.Split('/'))
            path = part.Contains('*', StringComparison.Ordinal) ? Directory.GetDirectories(path, part).Order(StringComparer.Ordinal).Last()
                : Path.Combine(path, part);
        return path;
    }

    private static void Copy(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    [GeneratedRegex(@"[A-Z][A-Za-z]+Exception\b", RegexOptions.CultureInvariant)]
    private static partial Regex NameOfException();
}
