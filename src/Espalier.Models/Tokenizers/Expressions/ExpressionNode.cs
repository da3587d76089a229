namespace Espalier.Models.Tokenizers.Expressions;

/// <summary>A part of a regular expression.</summary>
internal abstract record ExpressionNode
{
    private ExpressionNode()
    {
    }

    /// <summary>One character of a set.</summary>
    public sealed record One(CodePointSet Set) : ExpressionNode;

    /// <summary>Parts in a row; the empty row matches nothing's width.</summary>
    public sealed record Row(IReadOnlyList<ExpressionNode> Parts) : ExpressionNode;

    /// <summary>The first of several that lets the rest match.</summary>
    public sealed record Either(IReadOnlyList<ExpressionNode> Parts) : ExpressionNode;

    /// <summary>A part again and again; <see cref="Most"/> is <see cref="int.MaxValue"/> for no limit.</summary>
    public sealed record Repeat(ExpressionNode Part, int Least, int Most, RepeatKind Kind) : ExpressionNode;

    /// <summary>A place, without any width.</summary>
    public sealed record Place(PlaceKind Kind) : ExpressionNode;

    /// <summary>What must, or must not, stand after a place or before it: one character, or several in a row.</summary>
    public sealed record Look(IReadOnlyList<IReadOnlyList<CodePointSet>> Alternatives, bool Behind, bool Negated) : ExpressionNode;
}

/// <summary>In which order numbers of repetitions are tried.</summary>
internal enum RepeatKind
{
    /// <summary>The most first.</summary>
    Greedy,

    /// <summary>The least first.</summary>
    Lazy,

    /// <summary>The most and no other.</summary>
    Possessive,
}

/// <summary>A place in a text.</summary>
internal enum PlaceKind
{
    /// <summary><c>\A</c>.</summary>
    TextStart,

    /// <summary><c>\z</c>.</summary>
    TextEnd,

    /// <summary><c>\Z</c>: the end, or before a line feed that ends the text.</summary>
    TextEndOrLast,

    /// <summary><c>^</c>: the start of a line.</summary>
    LineStart,

    /// <summary><c>$</c>: the end of a line.</summary>
    LineEnd,

    /// <summary><c>\b</c>.</summary>
    WordEdge,

    /// <summary><c>\B</c>.</summary>
    NoWordEdge,
}
