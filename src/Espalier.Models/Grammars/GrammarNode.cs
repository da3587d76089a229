namespace Espalier.Models.Grammars;

/// <summary>
/// A part of a grammar over bytes. <see cref="Grammar"/> says what may follow; nodes are made once and never changed, but for the body of
/// a <see cref="GrammarRule"/>.
/// </summary>
internal abstract class GrammarNode
{
    /// <summary>The height of what can never be written to its end.</summary>
    public const int Never = int.MaxValue / 2;

    /// <summary>
    /// Fewest objects and lists inside of each other that it can be written with; <see cref="Never"/> where it cannot be.
    /// <see cref="Heights"/> finds it.
    /// </summary>
    public int Height { get; internal set; } = Never;

    public abstract IReadOnlyList<GrammarNode> Parts { get; }

    /// <summary>Its height, from those of its parts.</summary>
    internal abstract int HeightOfParts();
}

/// <summary>One byte out of a set.</summary>
internal sealed class GrammarByte(ByteSet set) : GrammarNode
{
    public ByteSet Set { get; } = set;

    public override IReadOnlyList<GrammarNode> Parts => [];

    internal override int HeightOfParts() => Set.IsEmpty ? Never : 0;
}

/// <summary>One part after the other; nothing at all where there is none.</summary>
internal sealed class GrammarSequence(params GrammarNode[] parts) : GrammarNode
{
    public override IReadOnlyList<GrammarNode> Parts { get; } = parts;

    internal override int HeightOfParts() => Parts.Count == 0 ? 0 : Parts.Max(static part => part.Height);
}

/// <summary>One of the parts.</summary>
internal sealed class GrammarChoice(params GrammarNode[] parts) : GrammarNode
{
    public override IReadOnlyList<GrammarNode> Parts { get; } = parts;

    internal override int HeightOfParts() => Parts.Count == 0 ? Never : Parts.Min(static part => part.Height);
}

/// <summary>A part several times.</summary>
internal sealed class GrammarRepeat(GrammarNode part, int least, int? most) : GrammarNode
{
    public GrammarNode Part { get; } = part;

    public int Least { get; } = least;

    /// <summary>How often at most; null for no end.</summary>
    public int? Most { get; } = most;

    public override IReadOnlyList<GrammarNode> Parts { get; } = [part];

    internal override int HeightOfParts() => Most < Least ? Never : Least == 0 ? 0 : Part.Height;
}

/// <summary>A part that is one level deeper than what it stands in: an object or a list.</summary>
internal sealed class GrammarNest(GrammarNode part) : GrammarNode
{
    public GrammarNode Part { get; } = part;

    public override IReadOnlyList<GrammarNode> Parts { get; } = [part];

    internal override int HeightOfParts() => Part.Height >= Never ? Never : Part.Height + 1;
}

/// <summary>A part that is said later: what refers to itself goes through one.</summary>
internal sealed class GrammarRule : GrammarNode
{
    private GrammarNode[] _parts = [];

    /// <summary>What it stands for.</summary>
    public GrammarNode Body
    {
        get => _parts is [var body] ? body : throw new InvalidOperationException("the rule has no body yet");
        set => _parts = [value];
    }

    public override IReadOnlyList<GrammarNode> Parts => _parts;

    internal override int HeightOfParts() => _parts is [var body] ? body.Height : Never;
}
