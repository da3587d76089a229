using System.Text;
using System.Text.RegularExpressions;
using Espalier.Models.Tokenizers;
using Espalier.Models.Tokenizers.Splitting;

namespace Espalier.Tests.Tokenizers;

public class SplitScannerTests
{
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const string Llama3 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Qwen2 =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Tekken =
        @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    // Units that the expressions treat differently; all of the basic plane, where .NET's engine sees the same characters.
    private static readonly string[] s_alphabet =
        ["a", "e", "l", "s", "S", "T", "R", "\u01C5", "\u02B0", "\u4E2D", "\u0301", "\u0903", "1", "\u00BD", "\u2167", "'", "'", " ", " ",
            "\u00A0", "\u0085", "\u3000", "\n", "\r", "\t", "/", "-", "_", "\u200B", "\uFEFF"];

    [Theory]
    [InlineData(Gpt2)]
    [InlineData(Llama3)]
    [InlineData(Qwen2)]
    [InlineData(Tekken)]
    public void Words_are_the_matches_of_the_expression(string expression)
    {
        var (scanner, regex, random) =
            (SplitScanner.Find(expression)!, new Regex(expression, RegexOptions.CultureInvariant), new Random(11));
        for (var round = 0; round < 4000; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => s_alphabet[random.Next(s_alphabet.Length)]));
            Assert.Equal(regex.Matches(text).Select(match => match.Value), Words(scanner, text));
        }
    }

    [Theory]
    [InlineData(Llama3, "\U0001D54F\U0001D550 \U0001D7D8\U0001D7D9\U0001D7DA\U0001D7DB \U0001F600\U0001F600\n",
        "\U0001D54F\U0001D550| |\U0001D7D8\U0001D7D9\U0001D7DA|\U0001D7DB| \U0001F600\U0001F600\n")]
    [InlineData(Qwen2, "12\U0001D7D8", "1|2|\U0001D7D8")]
    [InlineData(Gpt2, "a\U0001F600 \U0001D54F", "a|\U0001F600| \U0001D54F")]
    [InlineData(Tekken, "HelloWorld \U0001D400\U0001D41A\U0001D400", "Hello|World| \U0001D400\U0001D41A|\U0001D400")]
    [InlineData(Llama3, "'\u017Fa 'SA 'x", "'\u017F|a| '|SA| '|x")]
    public void Characters_beyond_the_basic_plane_are_one_character(string expression, string text, string words) =>
        Assert.Equal(words, string.Join('|', Words(SplitScanner.Find(expression)!, text)));

    [Fact]
    public void Unknown_expression_has_no_scanner() => Assert.Null(SplitScanner.Find(@"\w+|\W+"));

    private static List<string> Words(SplitScanner scanner, string text)
    {
        var words = new List<string>();
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = scanner.Next(text, start);
            words.Add(text[start..end]);
        }
        return words;
    }
}
