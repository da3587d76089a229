namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// Row order of the query and key projections. A checkpoint rotates entry i of a head with entry i + H/2 (halves);
/// llama.cpp's architecture <c>llama</c> rotates neighbours 2i and 2i + 1. Row 2j + t of a head is therefore row t·H/2 + j
/// of the checkpoint's head. Scores are sums over a head's entries, so nothing else changes.
/// </summary>
internal static class HeadOrder
{
    /// <summary>Where a row of the checkpoint lies in the file.</summary>
    public static int Neighbour(int row, int headDim)
    {
        var (head, entry) = (row / headDim, row % headDim);
        return head * headDim + entry % (headDim / 2) * 2 + entry / (headDim / 2);
    }

    /// <summary>
    /// Reorders whole heads, each <paramref name="headDim"/> rows of <paramref name="width"/>, from halves to neighbours.
    /// </summary>
    public static void Interleave(ReadOnlySpan<float> source, Span<float> destination, int headDim, int width)
    {
        for (var start = 0; start < source.Length; start += headDim * width)
            for (var row = 0; row < headDim; row++)
                source.Slice(start + (row % 2 * (headDim / 2) + row / 2) * width, width).CopyTo(destination[(start + row * width)..]);
    }
}
