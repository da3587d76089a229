using System.Text.RegularExpressions;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Instructions;

/// <summary>
/// Instructions about words and letters (IFEval's instructions.py). A keyword is a pattern, looked for anywhere and in any case: "cat" is
/// in "concatenate". A forbidden word stands between boundaries of words.
/// </summary>
internal static class Keywords
{
    /// <summary>keywords:existence: each of <c>keywords</c> is there.</summary>
    public static Predicate<string> Existence(InstructionArguments asked)
    {
        var keywords = Patterns(asked, "keywords", asked.Texts("keywords"), "");
        return response => Array.TrueForAll(keywords, keyword => keyword.IsMatch(response));
    }

    /// <summary>keywords:frequency: <c>keyword</c> is there <c>relation</c> <c>frequency</c> times.</summary>
    public static Predicate<string> Frequency(InstructionArguments asked)
    {
        var keyword = Patterns(asked, "keyword", [PythonText.Strip(asked.Text("keyword"))], "")[0];
        return asked.Compared("relation", "frequency", keyword.Count);
    }

    /// <summary>keywords:forbidden_words: none of <c>forbidden_words</c> is there.</summary>
    public static Predicate<string> Forbidden(InstructionArguments asked)
    {
        var words = Patterns(asked, "forbidden_words", asked.Texts("forbidden_words"), @"\b");
        return response => !Array.Exists(words, word => word.IsMatch(response));
    }

    /// <summary>
    /// keywords:letter_frequency: <c>letter</c>, large or small, is there <c>let_relation</c> <c>let_frequency</c> times. For what is no
    /// letter from a to z (two of the documents ask for # and !) IFEval's own program counts a letter drawn at random, anew for each
    /// verdict; here it is the sign itself that is counted.
    /// </summary>
    public static Predicate<string> LetterFrequency(InstructionArguments asked)
    {
        var letter = PythonLetters.Lower(PythonText.Strip(asked.Text("letter")));
        var isAsked = asked.Compared("let_relation", "let_frequency", response => PythonLetters.Lower(response).Split(letter).Length - 1);
        return letter.EnumerateRunes().Count() == 1 ? isAsked : throw asked.Wrong("letter", "one letter");
    }

    private static Regex[] Patterns(InstructionArguments asked, string key, string[] patterns, string border) =>
        [.. patterns.Select(pattern => asked.Pattern(key, "a regular expression, where . and + have a \\ before them to be themselves,",
            border + pattern + border, RegexOptions.IgnoreCase))];
}
