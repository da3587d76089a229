using System.Text.RegularExpressions;

namespace Espalier.Evaluation.Tasks.Templates;

/// <summary>A regular expression of a task's file, applied as Python's <c>re</c> does (<see cref="PythonRegex"/>).</summary>
internal sealed class TaskRegex
{
    // A pattern that goes back and forth without end on some answer must not hold the whole evaluation.
    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(10);

    private readonly Regex _regex;
    private readonly string _source;

    private TaskRegex(Regex regex, string source) => (_regex, _source) = (regex, source);

    /// <summary>Reads a pattern.</summary>
    /// <exception cref="EspalierException">It is none, or has names.</exception>
    public static TaskRegex Parse(string pattern, string place)
    {
        if (pattern.Contains("(?P", StringComparison.Ordinal) || pattern.Contains("(?<", StringComparison.Ordinal)
            && !pattern.Contains("(?<=", StringComparison.Ordinal) && !pattern.Contains("(?<!", StringComparison.Ordinal))
            throw new EspalierException($"{place}: '{pattern}' has a named group; write an unnamed one: (...)");
        try
        {
            return new(PythonRegex.Of(pattern, most: s_most), pattern);
        }
        catch (ArgumentException error)
        {
            throw new EspalierException($"{place}: '{pattern}' is not a regular expression: {OneLine.Clipped(error.Message)}", error);
        }
    }

    /// <summary>What <c>findall</c> finds: of each match its groups, or the match itself where the pattern has none.</summary>
    /// <exception cref="EspalierException">It takes too long on this text.</exception>
    public IReadOnlyList<string[]> FindAll(string text) => Guard(() => _regex.Matches(text).Select(match => match.Groups.Count == 1
        ? [match.Value] : match.Groups.Values.Skip(1).Select(group => group.Value).ToArray()).ToArray());

    /// <summary>Whether <c>search</c> finds it.</summary>
    /// <inheritdoc cref="FindAll" path="/exception"/>
    public bool IsIn(string text) => Guard(() => _regex.IsMatch(text));

    /// <summary>What <c>sub</c> leaves where each match is replaced by nothing.</summary>
    /// <inheritdoc cref="FindAll" path="/exception"/>
    public string Remove(string text) => Guard(() => _regex.Replace(text, ""));

    public override string ToString() => _source;

    private T Guard<T>(Func<T> apply)
    {
        try
        {
            return apply();
        }
        catch (RegexMatchTimeoutException error)
        {
            throw new EspalierException(string.Create(CultureInfo.InvariantCulture,
                $"the regular expression '{_source}' takes over {s_most.TotalSeconds} s on one answer: simplify it so that it "
                    + $"backtracks less"),
                error);
        }
    }
}
