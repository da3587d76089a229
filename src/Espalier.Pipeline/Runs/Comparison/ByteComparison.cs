namespace Espalier.Pipeline.Runs.Comparison;

/// <summary>Two files byte by byte.</summary>
internal static class ByteComparison
{
    private const int Chunk = 1 << 18;

    public static void Run(string name, string a, string b, ComparisonTally tally, CancellationToken stop)
    {
        using var streamA = Open(a);
        using var streamB = Open(b);
        var (bytesA, bytesB) = (new byte[Chunk], new byte[Chunk]);
        for (var offset = 0L; ; offset += Chunk)
        {
            stop.ThrowIfCancellationRequested();
            var (countA, countB) = (streamA.ReadAtLeast(bytesA, Chunk, false), streamB.ReadAtLeast(bytesB, Chunk, false));
            var equal = bytesA.AsSpan(0, countA).CommonPrefixLength(bytesB.AsSpan(0, countB));
            if (equal < countA || equal < countB)
            {
                var at = offset + equal;
                tally.Differ(
                    new(name, string.Create(CultureInfo.InvariantCulture, $"byte {at}"), Text(bytesA, equal, countA),
                        Text(bytesB, equal, countB))
                    { Element = at });
                return;
            }
            if (countA < Chunk)
                return;
        }
    }

    private static string Text(byte[] bytes, int at, int count) => at < count ? $"0x{bytes[at]:x2}" : "the end";

    private static FileStream Open(string path) =>
        new(path,
            new FileStreamOptions { Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0, Options = FileOptions.SequentialScan });
}
