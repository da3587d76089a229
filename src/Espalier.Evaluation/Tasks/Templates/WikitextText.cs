using System.Text.RegularExpressions;

namespace Espalier.Evaluation.Tasks.Templates;

/// <summary>
/// WikiText (arXiv 1609.07843) parts its texts into tokens by blanks; this writes them as people do, by the replacements of
/// lm-evaluation-harness and in their order (lm_eval/tasks/wikitext), for perplexities depend on each of them.
/// </summary>
internal static class WikitextText
{
    private static readonly (string From, string To)[] s_numbersAndMarks =
    [
        (" @-@ ", "-"), (" @,@ ", ","), (" @.@ ", "."),
        (" : ", ": "), (" ; ", "; "), (" . ", ". "), (" ! ", "! "), (" ? ", "? "), (" , ", ", "),
    ];

    // Blanks inside of pairs.
    private static readonly (Regex Pair, string To)[] s_pairs =
    [
        (Between(@"\(", @"\)"), "($1)"), (Between(@"\[", @"\]"), "[$1]"), (Between(@"\{", @"\}"), "{$1}"),
        (Between("\"", "\""), "\"$1\""), (Between("'", "'"), "'$1'"),
    ];

    private static readonly (string From, string To)[] s_rest =
    [
        ("= = = =", "===="), ("= = =", "==="), ("= =", "=="), (" ° ", "°"), (" \n", "\n"), ("\n ", "\n"), (" N ", " 1 "), (" 's", "'s"),
    ];

    // Meant for years such as ' 98, it asks for slashes around them, and hardly ever finds any.
    private static readonly Regex s_year = PythonRegex.Of("/' [0-9]/");

    /// <summary>A page as people write it.</summary>
    public static string Detokenized(string page)
    {
        var text = Replaced(s_year.Replace(page.Replace("s '", "s'", StringComparison.Ordinal), "/'[0-9]/"), s_numbersAndMarks);
        foreach (var (pair, to) in s_pairs)
            text = pair.Replace(text, to);
        return Replaced(text, s_rest);
    }

    private static Regex Between(string open, string close) => PythonRegex.Of($@"{open}\s*([^{close}]*?)\s*{close}");

    private static string Replaced(string text, (string From, string To)[] pairs) =>
        pairs.Aggregate(text, (current, pair) => current.Replace(pair.From, pair.To, StringComparison.Ordinal));
}
