namespace Espalier.Models.Grammars.Strings;

/// <summary>A part of a regular expression that says which strings are let in; which part of them it matches is no matter.</summary>
internal abstract record PatternNode
{
    private PatternNode()
    {
    }

    /// <summary>One character of a set.</summary>
    public sealed record One(PointSet Set) : PatternNode;

    /// <summary>Parts in a row; without any, nothing.</summary>
    public sealed record Row(IReadOnlyList<PatternNode> Parts) : PatternNode;

    /// <summary>One of several.</summary>
    public sealed record Either(IReadOnlyList<PatternNode> Parts) : PatternNode;

    /// <summary>A part again and again; <see cref="Most"/> is null for no end.</summary>
    public sealed record Repeat(PatternNode Part, int Least, int? Most) : PatternNode;

    /// <summary><c>^</c>: the start of the string.</summary>
    public sealed record Start : PatternNode;

    /// <summary><c>$</c>: its end.</summary>
    public sealed record End : PatternNode;
}
