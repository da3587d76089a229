using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Espalier.Models.Tokenizers.Bpe;

/// <summary>
/// Ids of words seen before, in one array: one slot a hash, the newer word wins. Bounded, without locks and without an object a word. A
/// slot begins with a word of its own
/// that names what is in it; it is odd while somebody writes, and a reader that finds it changed afterwards has read nothing.
/// </summary>
internal sealed class WordCache
{
    // In the first 8 bytes of a slot: 24 bits of the hash, length, number of ids, 23 bits of a counter, and the mark of a writer.
    private const ulong Writing = 1, Count = 0xFFUL << 24, Named = ~(Count | Turns) | Writing, Turns = 0xFFFFFE;

    private readonly ulong[] _data;
    private readonly int _characters, _ids, _stride, _shift;

    /// <summary>A cache.</summary>
    /// <param name="slots">A power of two.</param>
    /// <param name="characters">UTF-16 units of the longest word; a multiple of 4, at most 255.</param>
    /// <param name="ids">Most ids of a word; even, at most 255.</param>
    public WordCache(int slots, int characters, int ids)
    {
        (_characters, _ids, _stride) = (characters, ids, 1 + characters / 4 + ids / 2);
        _shift = 64 - int.Log2(slots);
        _data = new ulong[slots * _stride];
    }

    /// <summary>The hash that the other members want.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static ulong Hash(ReadOnlySpan<char> word)
    {
        const ulong factor = 0x9E3779B97F4A7C15;
        var hash = (ulong)word.Length * factor;
        var bytes = MemoryMarshal.AsBytes(word);
        if (bytes.Length < sizeof(ulong))
            return Mixed(hash ^ (word[0] | (ulong)word[word.Length >> 1] << 16 | (ulong)word[^1] << 32));
        var last = bytes[^sizeof(ulong)..];
        for (; bytes.Length > sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            hash = Mixed(hash ^ MemoryMarshal.Read<ulong>(bytes));
        return Mixed(hash ^ MemoryMarshal.Read<ulong>(last));

        static ulong Mixed(ulong value)
        {
            value *= factor;
            return value ^ value >> 32;
        }
    }

    /// <summary>Appends the ids of a known word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool TryAppend(ReadOnlySpan<char> word, ulong hash, IdBuffer ids)
    {
        var slot = _data.AsSpan((int)(hash >> _shift) * _stride, _stride);
        var seen = Volatile.Read(ref slot[0]);
        if ((seen & Named) != Name(word, hash) || !CharactersOf(slot)[..word.Length].SequenceEqual(word))
            return false;
        var count = (int)((seen & Count) >> 24);
        var known = IdsOf(slot);
        var free = ids.Free(_ids);
        for (var i = 0; i < count; i++)
            free[i] = known[i];
        Volatile.ReadBarrier();
        if (slot[0] != seen)
            return false;
        ids.Advance(count);
        return true;
    }

    /// <summary>Remembers a word. False where it, or the number of its ids, is too long for this cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool Set(ReadOnlySpan<char> word, ulong hash, ReadOnlySpan<int> ids)
    {
        if (word.Length > _characters || ids.Length > _ids)
            return false;
        var slot = _data.AsSpan((int)(hash >> _shift) * _stride, _stride);
        var old = Volatile.Read(ref slot[0]);
        if ((old & Writing) != 0 || Interlocked.CompareExchange(ref slot[0], old | Writing, old) != old)
            return true; // Another thread is at it; one of the two words is enough.
        word.CopyTo(CharactersOf(slot));
        ids.CopyTo(IdsOf(slot));
        Volatile.Write(ref slot[0], Name(word, hash) | (ulong)ids.Length << 24 | (old + 2 & Turns));
        return true;
    }

    private static ulong Name(ReadOnlySpan<char> word, ulong hash) => hash << 40 | (ulong)word.Length << 32;

    private Span<char> CharactersOf(Span<ulong> slot) => MemoryMarshal.Cast<ulong, char>(slot.Slice(1, _characters / 4));

    private Span<int> IdsOf(Span<ulong> slot) => MemoryMarshal.Cast<ulong, int>(slot[(1 + _characters / 4)..]);
}
