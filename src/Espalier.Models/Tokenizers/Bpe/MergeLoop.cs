using System.Runtime.CompilerServices;

namespace Espalier.Models.Tokenizers.Bpe;

/// <summary>
/// Byte-pair merging: again and again the adjacent pair of lowest rank, the leftmost of equals, becomes one symbol. As it is said, for
/// short words; <see cref="LongWords"/>
/// does the same for long ones.
/// </summary>
internal static class MergeLoop
{
    /// <summary>Above this many symbols the other form is faster.</summary>
    public const int PlainLimit = 40;

    /// <summary>Quadratic in the word's length, with a very small constant.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Plain(Span<int> symbols, MergeTable table)
    {
        var count = symbols.Length;
        Span<ulong> merges = count <= PlainLimit ? stackalloc ulong[PlainLimit] : new ulong[count];
        for (var i = 0; i + 1 < count; i++)
            merges[i] = table.Find(symbols[i], symbols[i + 1]);
        while (count > 1)
        {
            var (best, at) = (MergeTable.NoMerge, -1);
            for (var i = 0; i < count - 1; i++)
                if (merges[i] < best)
                    (best, at) = (merges[i], i);
            if (at < 0)
                break;
            symbols[at] = (int)best;
            symbols[(at + 2)..count].CopyTo(symbols[(at + 1)..]);
            merges[(at + 1)..count].CopyTo(merges[at..]);
            count--;
            if (at > 0)
                merges[at - 1] = table.Find(symbols[at - 1], symbols[at]);
            if (at < count - 1)
                merges[at] = table.Find(symbols[at], symbols[at + 1]);
        }
        return count;
    }
}
