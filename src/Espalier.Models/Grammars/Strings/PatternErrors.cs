using Espalier.Files;

namespace Espalier.Models.Grammars.Strings;

/// <summary>The errors of a regular expression: what is none, and what is one that no finite automaton here follows.</summary>
/// <param name="text">The expression.</param>
/// <param name="place">What errors call it.</param>
internal sealed class PatternErrors(string text, string place)
{
    /// <summary>The expression is none.</summary>
    /// <param name="what">What is wrong with it.</param>
    public EspalierException Malformed(string what) =>
        new($"{place} is {OneLine.Clipped(text)}, which is no regular expression of ECMA-262 with the flag u: {what}");

    /// <summary>The expression is one and has what is not followed.</summary>
    /// <param name="what">What it has.</param>
    public EspalierException Unsupported(string what) =>
        new($"{place} is {OneLine.Clipped(text)} and has {what}, which is not supported here");
}
