using System.Text;
using System.Text.RegularExpressions;

namespace Espalier.Evaluation.Tasks.Templates;

/// <summary>
/// Patterns of Python's <c>re</c> as .NET has them: <c>\s</c> with the four separators of information, <c>\w</c> with all numbers and
/// without marks, and <c>\b</c> by that.
/// </summary>
internal static class PythonRegex
{
    private const string White = @"\s\x1c-\x1f", Word = @"\p{L}\p{N}_";

    private const string Boundary = $"(?:(?<=[{Word}])(?![{Word}])|(?<![{Word}])(?=[{Word}]))";

    private const string NoBoundary = $"(?:(?<=[{Word}])(?=[{Word}])|(?<![{Word}])(?![{Word}]))";

    /// <summary>A pattern as Python would compile it.</summary>
    /// <exception cref="ArgumentException">It is no pattern.</exception>
    /// <param name="options">Python's flags.</param>
    /// <param name="most">The longest that one match may take (<see cref="RegexMatchTimeoutException"/>); null any time.</param>
    public static Regex Of(string pattern, RegexOptions options = RegexOptions.None, TimeSpan? most = null) =>
        new(Translated(pattern), options | RegexOptions.CultureInvariant, most ?? Regex.InfiniteMatchTimeout);

    private static string Translated(string pattern)
    {
        var translated = new StringBuilder();
        var first = -1; // The first place inside of the class that is being read; -1 outside of one.
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c == '\\' && i + 1 < pattern.Length)
                translated.Append(Escape(pattern[++i], first >= 0));
            else if (first < 0 && c == '[')
            {
                first = i + (i + 1 < pattern.Length && pattern[i + 1] == '^' ? 2 : 1);
                translated.Append(c);
            }
            else if (first >= 0 && c == '[')
                translated.Append(@"\["); // .NET would take -[ for a class that is left out.
            else
            {
                if (c == ']' && i > first)
                    first = -1;
                translated.Append(c);
            }
        }
        return translated.ToString();
    }

    private static string Escape(char c, bool isInClass) => (c, isInClass) switch
    {
        ('s', true) => White,
        ('s', false) => $"[{White}]",
        ('S', false) => $"[^{White}]",
        ('w', true) => Word,
        ('w', false) => $"[{Word}]",
        ('W', false) => $"[^{Word}]",
        ('b', false) => Boundary,
        ('B', false) => NoBoundary,
        ('Z', false) => @"\z",
        _ => $"\\{c}",
    };
}
