using System.Globalization;
using System.Text.RegularExpressions;
using Espalier.Files;

namespace Espalier.Evaluation.Tasks;

/// <summary>Regular expressions as Python's <c>re</c> reads and applies them, as far as benchmarks use them.</summary>
internal sealed class PythonRegex
{
    // A pattern that goes back and forth without end on some answer must not hold the whole evaluation.
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(10);

    private readonly Regex _regex;

    private PythonRegex(Regex regex) => _regex = regex;

    /// <summary>Reads a pattern.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="place">Where it stands, for messages.</param>
    /// <exception cref="EspalierException">It is none, or has names.</exception>
    public static PythonRegex Parse(string pattern, string place)
    {
        if (pattern.Contains("(?P", StringComparison.Ordinal) || pattern.Contains("(?<", StringComparison.Ordinal)
            && !pattern.Contains("(?<=", StringComparison.Ordinal) && !pattern.Contains("(?<!", StringComparison.Ordinal))
            throw new EspalierException($"{place}: '{pattern}' has a group with a name; write it without: (...)");
        try
        {
            return new(new(pattern.Replace(@"\Z", @"\z", StringComparison.Ordinal), RegexOptions.CultureInvariant, s_most));
        }
        catch (ArgumentException error)
        {
            throw new EspalierException($"{place}: '{pattern}' is no regular expression: {OneLine.Clipped(error.Message)}", error);
        }
    }

    /// <summary>What <c>findall</c> finds: of each match its groups, or the match itself where the pattern has none.</summary>
    /// <exception cref="EspalierException">It takes too long on this text.</exception>
    public IReadOnlyList<string[]> FindAll(string text) => Guard(() => _regex.Matches(text).Select(match => match.Groups.Count == 1
        ? [match.Value] : match.Groups.Values.Skip(1).Select(group => group.Value).ToArray()).ToArray());

    /// <summary>What <c>sub</c> leaves where each match is replaced by nothing.</summary>
    /// <inheritdoc cref="FindAll" path="/exception"/>
    public string Remove(string text) => Guard(() => _regex.Replace(text, ""));

    /// <inheritdoc/>
    public override string ToString() => _regex.ToString();

    private T Guard<T>(Func<T> apply)
    {
        try
        {
            return apply();
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new EspalierException(string.Create(CultureInfo.InvariantCulture,
                $"the regular expression '{_regex}' takes more than {s_most.TotalSeconds} s on one answer: write it so that it tries less"),
                error);
        }
    }
}
