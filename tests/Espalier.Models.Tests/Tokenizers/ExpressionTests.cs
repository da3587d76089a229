using Espalier.Models.Tokenizers.Expressions;

namespace Espalier.Tests.Tokenizers;

/// <summary>What the golden cases do not say of expressions: errors, and work that grows no faster than the text.</summary>
public class ExpressionTests
{
    [Theory]
    [InlineData(@"(a)\1", @"'\1'")]
    [InlineData(@"\Ka", @"'\K'")]
    [InlineData(@"(?m:a)", "'(?m:'")]
    [InlineData(@"(?<n>a)", "'(?<n'")]
    [InlineData(@"(?>ab)", "'(?>a'")]
    [InlineData(@"a)", "an unmatched ')'")]
    [InlineData(@"(a", "a '(' that is not closed")]
    [InlineData(@"[a", "a '[' that is not closed")]
    [InlineData(@"[]", "a ']' that begins a class")]
    [InlineData(@"[[:alpha:]]", "a named class")]
    [InlineData(@"[b-a]", "a range whose end is before its start")]
    [InlineData(@"*a", "'*' with nothing before it")]
    [InlineData(@"a{,}", "a '{' that does not begin a count")]
    [InlineData(@"a{2,1}", "a '{' that does not begin a count")]
    [InlineData(@"a{1001}", "more than 1000 repetitions")]
    [InlineData(@"(?:(?:ab){1000}){1000}", "more than 20000 steps")]
    [InlineData(@"\p{Greek}", @"'\p{Greek}', which is not a general category")]
    [InlineData(@"(?i:ss)", "'ss' ignoring case")]
    [InlineData(@"(?i:\u00e9)", "characters outside of ASCII ignoring case")]
    [InlineData(@"(?=a*)b", "a lookahead at more than a sequence of characters")]
    [InlineData(@"(?:ab)++", "a possessive repetition of more than one character")]
    [InlineData(@"\", @"a '\' at the end")]
    public void What_is_not_matched_exactly_is_refused_by_name(string expression, string what)
    {
        var error = Assert.Throws<EspalierException>(() => Expression.Parse(expression, message => new(message)));
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
        Assert.Contains(expression, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(a+)+b", "a")]
    [InlineData("(a|aa)+$|b", "a")]
    [InlineData(@"\s+x|\s*[\r\n]+y", " ")]
    [InlineData(@"(?:a*)*(?:a*)*b", "a")]
    [InlineData(@"\s*\S+?:", "ab ")]
    [InlineData(@"(?:\p{L}{2,5}\s?){3}!", "abc ")]
    public void Work_grows_no_faster_than_the_text(string expression, string unit)
    {
        var (small, large) = (Steps(1_000), Steps(8_000));
        Assert.InRange(large, small, 8 * small + 1000);

        long Steps(int count)
        {
            var text = string.Concat(Enumerable.Repeat(unit, count));
            var parsed = Expression.Parse(expression, message => new(message));
            var matcher = parsed.Begin(text);
            while (matcher.Next(text, out _, out _))
            {
            }
            parsed.Return(matcher);
            return matcher.Steps;
        }
    }
}
