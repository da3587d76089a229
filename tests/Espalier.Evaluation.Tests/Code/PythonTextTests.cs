using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Instructions;
using Espalier.Evaluation.Tasks.Templates;
using Espalier.Evaluation.Texts;
using Espalier.Models.Chat.Methods;

namespace Espalier.Evaluation.Tests.Code;

/// <summary>Letters, patterns and JSON are as CPython 3.11 takes them.</summary>
public sealed class PythonTextTests
{
    [Theory]
    [InlineData("A-1", true, false)]
    [InlineData("ÄΩЖ", true, false)]
    [InlineData("ⅣⒶ", true, false)]
    [InlineData("ªb", false, true)]
    [InlineData("\uA770", false, true)]
    [InlineData("ǅ", false, false)]
    [InlineData("123 日本", false, false)]
    [InlineData("Ab", false, false)]
    [InlineData("", false, false)]
    public void Case_is_that_of_all_letters_that_have_one(string text, bool isUpper, bool isLower)
    {
        Assert.Equal(isUpper, PythonLetters.IsUpper(text));
        Assert.Equal(isLower, PythonLetters.IsLower(text));
        // Chat templates have the same letters.
        Assert.Equal((isUpper, isLower), (PythonCase.IsAll(text, isUpper: true), PythonCase.IsAll(text, isUpper: false)));
    }

    [Theory]
    [InlineData("don't stop_it 2²", 4)]
    [InlineData("हिन्दी", 3)]
    [InlineData("𝐀𝐁 Ⅳ", 2)]
    [InlineData("—", 0)]
    public void Words_are_letters_numbers_and_underlines(string text, int count)
    {
        Assert.Equal(count, PythonLetters.Words(text));
    }

    [Theory]
    [InlineData(@"^\s$", "\x1c", true)]
    [InlineData(@"^[\s-]$", "\x1f", true)]
    [InlineData(@"^\S$", "\x1c", false)]
    [InlineData(@"^\w$", "²", true)]
    [InlineData(@"^\w$", "\u0301", false)]
    [InlineData(@"^[^\w]$", "\u0301", true)]
    [InlineData(@"\bcat\b", "cat\u0301s", true)]
    [InlineData(@"\bcat\b", "cat2", false)]
    [InlineData(@"\Bat", "cat", true)]
    [InlineData(@"^[[a-c]+$", "[ab", true)]
    [InlineData(@"^[]a]+$", "]a", true)]
    [InlineData(@"^[^]a]+$", "bc", true)]
    [InlineData(@"a\Z", "a\n", false)]
    public void Patterns_mean_what_they_mean_to_Python(string pattern, string text, bool matches) =>
        Assert.Equal(matches, PythonRegex.Of(pattern).IsMatch(text));

    [Theory]
    [InlineData("""{"a": [1, -2.5E+3, {"b": null}], "": "\ud800\/"}""", true)]
    [InlineData("[NaN, Infinity, -Infinity]", true)]
    [InlineData("0", true)]
    [InlineData("\"a\u2028\"", true)]
    [InlineData("", false)]
    [InlineData("-", false)]
    [InlineData("-NaN", false)]
    [InlineData("1.", false)]
    [InlineData(".5", false)]
    [InlineData("1e", false)]
    [InlineData("00", false)]
    [InlineData("+1", false)]
    [InlineData("[1,]", false)]
    [InlineData("{\"a\"}", false)]
    [InlineData("{a: 1}", false)]
    [InlineData("{\"a\": 1} x", false)]
    [InlineData("\"\\x\"", false)]
    [InlineData("\"\\u12\"", false)]
    [InlineData("\"\t\"", false)]
    [InlineData("\"a", false)]
    [InlineData("\u00a0[]", false)]
    [InlineData("True", false)]
    public void Json_is_what_Python_reads(string text, bool isJson) => Assert.Equal(isJson, PythonJson.IsValid(text));

    [Fact]
    public void Json_of_a_hundred_thousand_brackets_is_none() => Assert.False(PythonJson.IsValid(new string('[', 100_000)));
}
