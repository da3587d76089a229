using Espalier.Cli.Tests.Survival;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Training;

/// <summary>
/// <c>synthesize</c> as a user starts it: what it prints and writes, what it refuses, and that a killed one loses nothing.
/// </summary>
public sealed class SynthesizeTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    private string Output => Path.Combine(_folder.Path, "out.jsonl");

    private string Line(string options) => $"synthesize {Verb.Teacher} --threads 1 --output {Output} {options}";

    [Fact]
    public void The_summary_counts_what_the_file_has()
    {
        const string options = "--count 6 --max-tokens 12 --min-tokens 2 --keep-unfinished --max-repetition 50%";
        var result = Verb.Json(Line(options));
        Verb.HasFields(result, "output written kept dropped tokens kept_tokens perplexity new_texts seconds tokens_per_second");
        var lines = File.ReadAllLines(Output).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(6, result.GetProperty("written").GetInt32());
        Assert.Equal(lines.Length, result.GetProperty("kept").GetInt32());
        Assert.Equal(6 - lines.Length, result.GetProperty("dropped").EnumerateObject().Sum(reason => reason.Value.GetInt32()));
        Assert.Equal(lines.Sum(line => line.GetProperty("tokens").GetInt32()), result.GetProperty("kept_tokens").GetInt32());
        // e to the mean over tokens of the lines' own losses.
        Assert.Equal(
            Math.Exp(lines.Sum(line => line.GetProperty("tokens").GetInt32() * Math.Log(line.GetProperty("perplexity").GetDouble()))
                / lines.Sum(line => line.GetProperty("tokens").GetInt32())),
            result.GetProperty("perplexity").GetDouble(), 1e-3);
        var again = Verb.Json(Line(options));
        Assert.Equal(0, again.GetProperty("new_texts").GetInt32());
        Assert.False(again.TryGetProperty("tokens_per_second", out _));
        Assert.Contains("was made with seed 1, but 2 is requested", Verb.Refused(Line($"{options} --seed 2")));
    }

    [Fact]
    public void What_generate_writes_with_a_lines_seed_is_its_text()
    {
        Verb.Json(Line("--count 2 --max-tokens 12 --min-tokens 1 --keep-unfinished --temperature 0.8 --top-k 50"));
        var line = JsonDocument.Parse(File.ReadLines(Output).Last()).RootElement;
        var written = Verb.Json($"generate {Verb.Teacher} --ids 4080 --temperature 0.8 --top-k 50 --top-p 1 --max-tokens 12 --threads 1 "
            + $"--seed {line.GetProperty("seed").GetInt32()}");
        Assert.Equal(written.GetProperty("text").GetString(), line.GetProperty("text").GetString());
    }

    [Fact]
    public void Nothing_kept_is_a_failure_that_says_why()
    {
        var (code, output, error) = TestCommand.Launch(Line("--count 2 --max-tokens 2"));
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("none of 2 texts is kept: 2 unfinished; loosen these filters", error);
        Assert.False(File.Exists(Output));
        var result = Verb.Json(Line("--count 2 --max-tokens 2 --keep-unfinished --min-tokens 1"));
        Assert.Equal((2, 0), (result.GetProperty("kept").GetInt32(), result.GetProperty("new_texts").GetInt32()));
    }

    [Theory]
    [InlineData("--system Be --count 2", "it is for prompts")]
    [InlineData("--beginning 4", "it is for documents")]
    [InlineData("--language xx", "known: ")]
    [InlineData("--decontaminate gsm9k", "there is no task 'gsm9k'")]
    [InlineData("--prompts nowhere.txt", "nowhere.txt: cannot be read")]
    [InlineData("--top-p 1.5", "top-p")]
    [InlineData("--min-perplexity 5 --max-perplexity 4", "at least min-perplexity")]
    public void Wrong_input_is_refused_and_nothing_is_written(string options, string expected)
    {
        Assert.Contains(expected, Verb.Refused(Line(options)));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Killed_again_and_again_it_ends_with_the_bytes_of_an_undisturbed_run()
    {
        const string options = "--count 24 --max-tokens 24 --min-tokens 1 --keep-unfinished";
        Verb.Json(Line(options));
        var whole = File.ReadAllText(Output);
        string[] words = [.. Line(options).Replace(Output, Output + "2", StringComparison.Ordinal)
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        var (journal, kills) = (new FileInfo(Output + "2.journal"), 0);
        for (var attempt = 0; attempt < LongRun.Times(3, 30); attempt++)
        {
            using var program = new RealProgram(words);
            var before = Length(journal);
            program.Until(() => Length(journal) > before + 1000 * attempt);
            if (program.HasExited)
                break;
            program.Kill();
            kills++;
        }
        Assert.True(kills > 0);
        using var last = new RealProgram(words);
        Assert.True(last.Wait() == 0, last.Error);
        Assert.Equal(whole, File.ReadAllText(Output + "2"));
    }

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    private static long Length(FileInfo file)
    {
        file.Refresh();
        return file.Exists ? file.Length : 0;
    }
}
