using Espalier.Models.Tokenizers.Unigram;

namespace Espalier.Models.Tokenizers.WordPiece;

/// <summary>
/// The last step of a WordPiece model: the longest token that begins the word, then the longest that goes on, ...; a word that cannot be
/// written so, or that is too long, is unknown as a whole.
/// </summary>
internal sealed class WordPieceStep : CachedWordStep
{
    private readonly PieceTrie _first = new(), _later = new();
    private readonly int _unknown, _mostCharacters;

    /// <summary>A step.</summary>
    /// <param name="vocabulary">Id by token.</param>
    /// <param name="prefix">What tokens inside a word begin with.</param>
    /// <param name="unknown">The id of the unknown token.</param>
    /// <param name="mostCharacters">Characters of the longest word that is looked at.</param>
    public WordPieceStep(IReadOnlyDictionary<string, int> vocabulary, string prefix, int unknown, int mostCharacters)
    {
        foreach (var (token, id) in vocabulary)
        {
            _first.Add(token, id);
            if (token.StartsWith(prefix, StringComparison.Ordinal))
                _later.Add(token[prefix.Length..], id);
        }
        (_unknown, _mostCharacters) = (unknown, mostCharacters);
    }

    protected override void Encode(ReadOnlySpan<char> piece, IdBuffer ids)
    {
        var before = ids.Count;
        var known = !IsLong(piece);
        for (int start = 0, end; known && start < piece.Length; start = end)
        {
            var (pieces, node, id) = (start == 0 ? _first : _later, PieceTrie.Root, -1);
            end = start;
            for (var at = start; at < piece.Length && (node = pieces.Step(node, piece[at])) >= 0; at++)
                if (pieces.IdAt(node) is >= 0 and var longer)
                    (end, id) = (at + 1, longer);
            known = end > start;
            if (known)
                ids.Add(id);
        }
        if (known)
            return;
        ids.Truncate(before);
        ids.Add(_unknown);
    }

    private bool IsLong(ReadOnlySpan<char> piece)
    {
        if (piece.Length <= _mostCharacters)
            return false;
        var count = 0;
        foreach (var _ in piece.EnumerateRunes())
            if (++count > _mostCharacters)
                return true;
        return false;
    }
}
