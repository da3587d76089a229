namespace Espalier.Models.Grammars;

/// <summary>How far a text has come: everything that may follow. Equal ones of a grammar are the same object while they are kept.</summary>
/// <param name="grammar">Whose.</param>
/// <param name="tops">What may be written next, each a byte with what comes after it.</param>
/// <param name="mayEnd">Whether the text is whole.</param>
internal sealed class GrammarState(Grammar grammar, GrammarFrame[] tops, bool mayEnd)
{
    private GrammarState?[]? _next;

    /// <summary>What may be written next.</summary>
    public IReadOnlyList<GrammarFrame> Tops => tops;

    /// <summary>Whether the text is whole; more may follow all the same.</summary>
    public bool MayEnd { get; } = mayEnd;

    /// <summary>Whether the text is whole and nothing may follow.</summary>
    public bool IsComplete => MayEnd && tops.Length == 0;

    /// <summary>Which tokens may come, as it was found out; null before.</summary>
    public ulong[]? Allowed { get; set; }

    /// <summary>The state after one more byte; null where that byte may not come.</summary>
    public GrammarState? After(byte b)
    {
        if (_next?[b] is { } known)
            return known;
        var next = grammar.Next(tops, b);
        // A byte that may not come is found out again: few tokens begin with one.
        if (next is not null && grammar.Keeps)
            (_next ??= new GrammarState?[256])[b] = next;
        return next;
    }
}
