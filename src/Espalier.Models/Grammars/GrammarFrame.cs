namespace Espalier.Models.Grammars;

/// <summary>What is still to be written: a part, and then what it stands in. Equal ones of a grammar are the same object.</summary>
/// <param name="id">Its number.</param>
/// <param name="node">The part; null for the end of a nested one.</param>
/// <param name="step">Of a sequence the part that is next; of a repetition how often it was.</param>
/// <param name="rest">What comes after it; null for nothing.</param>
internal sealed class GrammarFrame(int id, GrammarNode? node, int step, GrammarFrame? rest)
{
    public int Id { get; } = id;

    /// <summary>The part; null for the end of a nested one.</summary>
    public GrammarNode? Node { get; } = node;

    /// <summary>Of a sequence the part that is next; of a repetition how often it was.</summary>
    public int Step { get; } = step;

    /// <summary>What comes after it; null for nothing.</summary>
    public GrammarFrame? Rest { get; } = rest;

    /// <summary>Objects and lists that are open.</summary>
    public int Depth { get; } = (rest?.Depth ?? 0) + (node is null ? 1 : 0);
}
