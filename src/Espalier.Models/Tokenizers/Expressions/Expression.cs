using System.Collections.Concurrent;

namespace Espalier.Models.Tokenizers.Expressions;

/// <summary>A regular expression out of a file. Safe for use from several threads.</summary>
internal sealed class Expression
{
    private readonly ConcurrentBag<ExpressionMatcher> _matchers = [];
    private readonly ExpressionProgram _program;

    private Expression(ExpressionProgram program) => _program = program;

    /// <summary>Reads an expression in Oniguruma's syntax.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="refuse">Makes the error, from what stands in the way.</param>
    public static Expression Parse(string text, Func<string, EspalierException> refuse)
    {
        EspalierException Refused(string what) => refuse(
            $"the regular expression '{text}' has {what}, which is not supported: only expressions that match exactly as in the "
                + "reference are");
        return new(ExpressionProgram.Of(ExpressionParser.Parse(text, Refused), Refused));
    }

    /// <summary>A matcher at the start of a text; to be given back.</summary>
    public ExpressionMatcher Begin(ReadOnlySpan<char> text)
    {
        if (!_matchers.TryTake(out var matcher))
            matcher = new(_program);
        matcher.Begin(text.Length);
        return matcher;
    }

    /// <summary>Gives a matcher back.</summary>
    public void Return(ExpressionMatcher matcher)
    {
        matcher.End();
        _matchers.Add(matcher);
    }

    /// <summary>The text with each match replaced.</summary>
    public string Replace(string text, string content)
    {
        var matcher = Begin(text);
        System.Text.StringBuilder? result = null;
        var done = 0;
        while (matcher.Next(text, out var start, out var end))
        {
            (result ??= new()).Append(text, done, start - done).Append(content);
            done = end;
        }
        Return(matcher);
        return result is null ? text : result.Append(text, done, text.Length - done).ToString();
    }
}
