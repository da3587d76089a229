using System.Text;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Evaluating;

public sealed class EvaluateTests : TorchTest
{
    [Fact]
    public void The_bundled_teachers_loss_is_that_of_transformers()
    {
        using var golden = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("quickstart-teacher", "golden.json")));
        var expected = golden.RootElement.GetProperty("nll_per_window").EnumerateArray().Take(2).Average(nll => nll.GetDouble());
        var result = Verb.Json($"evaluate {Verb.Teacher} --ids {Verb.TeacherIds} --seq 256 --windows 2 --threads 1");
        Verb.HasFields(result, "model data nll nll_se perplexity tokens seq windows seconds tokens_per_second");
        Assert.Equal(expected, result.GetProperty("nll").GetDouble(), 2e-6);
        Assert.Equal(Math.Exp(result.GetProperty("nll").GetDouble()), result.GetProperty("perplexity").GetDouble(), 1e-9);
        Assert.Equal(2 * 256, result.GetProperty("tokens").GetInt64());
        Assert.False(result.TryGetProperty("bits_per_byte", out _));
    }

    [Fact]
    public void Bits_per_byte_divides_by_the_text_that_was_predicted()
    {
        using var folder = new TemporaryFolder();
        const string Text = "One day, a cat saw the Größe of a big red ball. It was happy.";
        File.WriteAllText(Path.Combine(folder.Path, "story.txt"), Text);
        // BOS is the first id and never predicted, EOS the last: what is predicted is the whole text and the EOS.
        var all = Verb.Json($"evaluate {Verb.Teacher} {folder.Path}/story.txt --threads 1");
        Assert.Equal(Encoding.UTF8.GetByteCount(Text), all.GetProperty("bytes").GetInt64());
        Assert.Equal(
            all.GetProperty("nll").GetDouble() * all.GetProperty("tokens").GetInt64() / Math.Log(2) / all.GetProperty("bytes").GetInt64(),
            all.GetProperty("bits_per_byte").GetDouble(), 1e-12);

        var part = Verb.Json($"evaluate {Verb.Teacher} {folder.Path}/story.txt --seq 2 --windows 1 --threads 1");
        Assert.InRange(part.GetProperty("bytes").GetInt64(), 2, Text.Length / 2);
    }

    [Fact]
    public void Per_token_lines_say_the_ids_and_average_to_the_mean()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "tokens.jsonl");
        var result = Verb.Json($"evaluate {Verb.Tiny} --ids 5,1,2,3,4,5,6,7,8 --seq 4 --per-token {file} --threads 1");
        var lines = File.ReadAllLines(file).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal([0, 1], lines.Select(line => line.GetProperty("window").GetInt32()));
        Assert.Equal([5, 1, 2, 3, 4], lines[0].GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()));
        Assert.Equal([4, 5, 6, 7, 8], lines[1].GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()));
        Assert.Equal(result.GetProperty("nll").GetDouble(),
            lines.SelectMany(line => line.GetProperty("nll").EnumerateArray()).Average(nll => nll.GetDouble()), 1e-6);
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }

    [Theory]
    [InlineData("--ids 1,2,999", "999")]
    [InlineData("--ids 1,2,x", "'x'")]
    [InlineData("--ids 1,2,3 --seq 5000", "5000")]
    [InlineData("--ids 1,2,3 --seq 2 --windows 9", "9")]
    [InlineData("--ids 1", "1 token is fewer")]
    [InlineData("--ids 1,2,3 --seq 0", "--sequence is 0; it must be a whole number from 1")]
    [InlineData("--ids 1,2,3 --windows many", "--windows is many; it must be a whole number from 1")]
    [InlineData("--ids nothing.i32", "nothing.i32")]
    [InlineData("nothing.txt", "tokenizer.json")]
    [InlineData("some.txt --ids 1,2,3", "--ids")]
    [InlineData("", "--ids")]
    [InlineData("--ids 1,2,3 --per-token no-such-folder/x.jsonl", "no-such-folder")]
    [InlineData("--ids 1,2,3 --treads 2", "--threads")]
    public void Wrong_input_is_one_line(string arguments, string named) =>
        Assert.Contains(named, Verb.Refused($"evaluate {Verb.Tiny} {arguments}"));

    [Fact]
    public void A_text_that_is_too_short_is_named_by_its_path_and_not_by_where_its_tokens_lie()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "short.txt");
        File.WriteAllText(file, "Too short.");
        var error = Verb.Refused($"evaluate {Verb.Teacher} {file} --seq 256 --windows 1");
        Assert.Contains($"{file}: ", error, StringComparison.Ordinal);
        Assert.DoesNotContain("espalier-tokens", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_field_names_the_text_of_records_and_a_wrong_one_is_answered_with_what_is_there()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "a.jsonl");
        File.WriteAllText(file, "{\"text\": \"no\", \"body\": \"One day, a cat saw a ball.\", \"score\": NaN}\n");
        var (named, plain) =
            (Verb.Json($"evaluate {Verb.Teacher} {file} --field body --threads 1"), Path.Combine(folder.Path, "plain.txt"));
        File.WriteAllText(plain, "One day, a cat saw a ball.");
        Assert.Equal(Verb.Json($"evaluate {Verb.Teacher} {plain} --threads 1").GetProperty("nll").GetDouble(),
            named.GetProperty("nll").GetDouble());
        Assert.Contains("a.jsonl:1 has text, body, score, but no text in the field bdy. Did you mean body?",
            Verb.Refused($"evaluate {Verb.Teacher} {file} --field bdy"), StringComparison.Ordinal);
        Assert.Contains("--field", Verb.Refused($"evaluate {Verb.Tiny} --ids 1,2,3 --field body"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_that_is_not_there_is_named() =>
        Assert.Contains("nothing.txt", Verb.Refused($"evaluate {Verb.Teacher} nothing.txt"));

    [Fact]
    public void A_text_without_text_is_refused_and_leaves_nothing_behind()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "empty.txt"), "\n \n");
        var before = Directory.GetDirectories(Path.GetTempPath(), "espalier-tokens-*").Length;
        Assert.Contains("no text", Verb.Refused($"evaluate {Verb.Teacher} {folder.Path}/empty.txt --per-token {folder.Path}/out.jsonl"));
        Assert.Equal(before, Directory.GetDirectories(Path.GetTempPath(), "espalier-tokens-*").Length);
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }
}
