using System.Runtime.CompilerServices;
using Espalier.Models.Tokenizers.Bpe;

namespace Espalier.Models.Tokenizers;

/// <summary>A last step: a word becomes ids. Those of short words are remembered.</summary>
internal abstract class CachedWordStep : WordStep
{
    // Nearly all words fit the first cache, whose slots are as long as what the processor reads at once; runs of spaces and words of
    // many tokens go to the second.
    private const int Short = 16, Long = 64;

    private readonly WordCache _cache = new(slots: 1 << 16, Short, ids: 6);
    private readonly WordCache _longCache = new(slots: 1 << 12, Long, ids: 30);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void Accept(ReadOnlySpan<char> piece, bool startsText, IdBuffer ids)
    {
        if (piece.Length > Long)
        {
            Encode(piece, ids);
            return;
        }
        var hash = WordCache.Hash(piece);
        if (piece.Length <= Short && _cache.TryAppend(piece, hash, ids))
            return;
        if (_longCache.TryAppend(piece, hash, ids))
            return;
        var before = ids.Count;
        Encode(piece, ids);
        var made = ids.Written[before..];
        if (!_cache.Set(piece, hash, made))
            _longCache.Set(piece, hash, made);
    }

    /// <summary>Appends the ids of a word, which is not empty.</summary>
    protected abstract void Encode(ReadOnlySpan<char> piece, IdBuffer ids);
}
