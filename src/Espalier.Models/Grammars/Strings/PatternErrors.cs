namespace Espalier.Models.Grammars.Strings;

/// <summary>The errors of a regular expression: what is none, and what is one that no finite automaton here follows.</summary>
internal sealed class PatternErrors(string text, string place)
{
    /// <summary>The expression is none.</summary>
    public EspalierException Malformed(string what) =>
        new($"{place} is {OneLine.Clipped(text)}, which is not an ECMA-262 regular expression with the flag u: {what}");

    /// <summary>The expression is one and has what is not followed.</summary>
    public EspalierException Unsupported(string what) =>
        new($"{place} is {OneLine.Clipped(text)} and has {what}, which is not supported here");
}
