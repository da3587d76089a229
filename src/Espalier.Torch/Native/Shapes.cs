namespace Espalier.Torch.Native;

/// <summary>
/// Arrays of sizes, one for all that are equal: a training step asks for the same few shapes some hundreds of times. Nobody writes into
/// them.
/// </summary>
internal static class Shapes
{
    private const int Slots = 4096, Tries = 8;

    // Each slot is read and written whole: two threads make an array too many at worst.
    private static readonly long[]?[] s_known = new long[]?[Slots];

    /// <summary>An array with these numbers, to be read alone.</summary>
    public static long[] Of(ReadOnlySpan<long> sizes)
    {
        if (sizes.Length is 0 or > TensorFacts.MaxDimensions)
            return sizes.ToArray();
        var hash = (ulong)sizes.Length;
        foreach (var size in sizes)
            hash = (hash ^ (ulong)size) * 0x9E3779B97F4A7C15;
        var first = (int)(hash >> 52);
        var free = first;
        for (var i = 0; i < Tries; i++)
        {
            var place = (first + i) % Slots;
            if (Volatile.Read(ref s_known[place]) is not { } known)
            {
                free = place;
                break;
            }
            if (sizes.SequenceEqual(known))
                return known;
        }
        var made = sizes.ToArray();
        Volatile.Write(ref s_known[free], made);
        return made;
    }
}
