namespace Espalier.Compression.Alignment.Packing;

/// <summary>
/// Pairs beside the store of their windows, in <c>pairs.bin</c>: window (int64), the bounds of both conversations (four int32) and the
/// reward (float64) of each, little-endian, window after window.
/// </summary>
internal static class PairStore
{
    private const string Name = "pairs.bin";
    private const int Bytes = 8 + 4 * 4 + 8;

    /// <summary>Writes pairs into a store's folder.</summary>
    public static void Write(string folder, IReadOnlyList<PlacedPair> pairs) =>
        DurableOutput.WriteFile(Path.Combine(folder, Name), (long)Bytes * pairs.Count, stream =>
        {
            using var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true);
            foreach (var (window, chosen, rejected, reward) in pairs)
            {
                writer.Write(window);
                foreach (var bound in new[] { chosen.Start, chosen.End, rejected.Start, rejected.End })
                    writer.Write(bound);
                writer.Write(reward);
            }
        });

    /// <summary>Reads the pairs of a store.</summary>
    /// <param name="windows">How many windows it has.</param>
    /// <param name="length">Tokens of a window.</param>
    /// <exception cref="EspalierException">A pair that does not lie in a window.</exception>
    public static PlacedPair[] Read(string folder, long windows, int length)
    {
        var path = Path.Combine(folder, Name);
        var bytes = File.Exists(path) ? File.ReadAllBytes(path) : [];
        if (bytes.Length == 0 || bytes.Length % Bytes != 0)
            throw new EspalierException($"{path}: has {bytes.Length} bytes, but a pair takes {Bytes}; write the data again");
        using var reader = new BinaryReader(new MemoryStream(bytes));
        var pairs = new PlacedPair[bytes.Length / Bytes];
        for (var i = 0; i < pairs.Length; i++)
        {
            var pair =
                pairs[i] = new(reader.ReadInt64(), (reader.ReadInt32(), reader.ReadInt32()), (reader.ReadInt32(), reader.ReadInt32()),
                reader.ReadDouble());
            if (pair.Window < (i == 0 ? 0 : pairs[i - 1].Window) || pair.Window >= windows || !Lies(pair.Chosen, length)
                || !Lies(pair.Rejected, length) || !double.IsFinite(pair.Reward))
                throw new EspalierException(
                    $"{path}: pair {i} is not inside one of the {windows} windows of {length} tokens; write the data again");
        }
        return pairs;
    }

    private static bool Lies((int Start, int End) part, int length) => part.Start >= 0 && part.End > part.Start && part.End <= length;
}
