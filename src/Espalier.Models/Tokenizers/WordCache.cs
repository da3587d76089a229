namespace Espalier.Models.Tokenizers;

/// <summary>
/// Ids of words seen before: one slot a hash, the newer word wins. Bounded, and free of locks: an entry never changes, and
/// a reader sees either the old one or the new one.
/// </summary>
internal sealed class WordCache
{
    private const int Slots = 1 << 15, LongestWord = 48;

    private readonly Entry?[] _entries = new Entry?[Slots];

    /// <summary>Appends the ids of a known word.</summary>
    public bool TryAppend(ReadOnlySpan<char> word, List<int> ids)
    {
        if (word.Length > LongestWord || Volatile.Read(ref _entries[SlotOf(word)]) is not { } entry || !word.SequenceEqual(entry.Word))
            return false;
        ids.AddRange(entry.Ids.AsSpan());
        return true;
    }

    /// <summary>Remembers a word, unless it is a long one.</summary>
    public void Set(ReadOnlySpan<char> word, ReadOnlySpan<int> ids)
    {
        if (word.Length <= LongestWord)
            Volatile.Write(ref _entries[SlotOf(word)], new Entry(word.ToString(), ids.ToArray()));
    }

    private static int SlotOf(ReadOnlySpan<char> word) => string.GetHashCode(word) & (Slots - 1);

    private sealed record Entry(string Word, int[] Ids);
}
