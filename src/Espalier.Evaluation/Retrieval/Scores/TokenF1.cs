using System.Text.RegularExpressions;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Retrieval.Scores;

/// <summary>
/// How much two answers have in common, as ParlAI counts (parlai/core/metrics.py) and ChatRAG-Bench after it: words in small letters,
/// punctuation and then a, an and the become blanks.
/// </summary>
internal static class TokenF1
{
    private static readonly Regex s_punctuation = PythonRegex.Of("[!\"#$%&()*+,\\-./:;<=>?@\\[\\]\\\\^`{|}~_']");

    private static readonly Regex s_articles = PythonRegex.Of(@"\b(?:a|an|the)\b");

    /// <summary>The words of an answer.</summary>
    public static string[] Words(string text) =>
        PythonLetters.Split(s_articles.Replace(s_punctuation.Replace(PythonLetters.Lower(text), " "), " "));

    /// <summary>
    /// 2pr / (p + r) of the words that both have, each as often as both have it; 0 where they share none, or the answer is empty.
    /// </summary>
    public static double Of(string answer, string right)
    {
        var (given, wanted) = (Words(answer), Words(right));
        var left = wanted.CountBy(static word => word, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        var same = 0;
        foreach (var word in given)
        {
            if (left.GetValueOrDefault(word) == 0)
                continue;
            left[word]--;
            same++;
        }
        if (same == 0)
            return 0;
        var (precision, recall) = ((double)same / given.Length, (double)same / wanted.Length);
        return 2 * precision * recall / (precision + recall);
    }

    /// <summary>The best over several right answers; empty ones do not count.</summary>
    public static double Best(string answer, IEnumerable<string> rights) =>
        rights.Where(right => PythonText.Strip(right).Length > 0).Select(right => Of(answer, right)).DefaultIfEmpty(0).Max();

    /// <summary>Whether an answer is one of the right ones but for what the words leave out: the same words in the same order.</summary>
    public static bool IsExact(string answer, IEnumerable<string> rights)
    {
        var given = Words(answer);
        return rights.Any(right => PythonText.Strip(right).Length > 0 && Words(right).SequenceEqual(given, StringComparer.Ordinal));
    }
}
