using System.Text.RegularExpressions;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Instructions;

/// <summary>
/// Words that are all in capitals, where words are parted as in the Penn Treebank (nltk's <c>word_tokenize</c>): at most marks, but not at
/// hyphens, slashes, apostrophes and points within; what is short for a word of its own is one, so that DON'T, IT'S and CANNOT are two.
/// </summary>
internal static class CapitalWords
{
    // Marks by themselves are no words in capitals: they need not be kept.
    private static readonly Regex s_marks = PythonRegex.Of(@"[«“‘„`»”’""\[\](){}<>;@#$%&?!*]|''|--|\.{2,}|[:,](?=[^\d])");
    private static readonly Regex s_lastPoint = PythonRegex.Of(@"(?<=[^.])\.(?=['\s]*$)");

    // Each before a blank, in two rounds: I'D'VE is I'D and 'VE.
    private static readonly Regex s_shortened = PythonRegex.Of(@"(?<=[^' ])('[sSmMdD]) ");
    private static readonly Regex s_longer = PythonRegex.Of(@"(?<=[^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ");
    private static readonly Regex s_joined = PythonRegex.Of(
        @"\b(can)(not)\b|\b(d)('ye)\b|\b(gim|lem)(me)\b|\b(gon)(na)\b|\b(got)(ta)\b|\b(more)('n)\b|\b(wan)(na)(?=\s)|(?<= )('t)(is|was)\b",
        RegexOptions.IgnoreCase);

    /// <summary>How many there are.</summary>
    public static int Count(string text) => Sentences.Of(text).SelectMany(Words).Count(PythonLetters.IsUpper);

    private static string[] Words(string sentence)
    {
        // The point is looked for after the marks are gone: quotation marks and brackets may come after it.
        var parted = s_lastPoint.Replace(s_marks.Replace(sentence, " "), " ");
        parted = s_longer.Replace(s_shortened.Replace($" {parted} ", " $1 "), " $1 ");
        return PythonLetters.Split(s_joined.Replace(parted, match =>
            string.Join(' ', match.Groups.Values.Skip(1).Where(group => group.Success).Select(group => group.Value))));
    }
}
