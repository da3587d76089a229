using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Espalier.Compression.Data.Records;

/// <summary>What one reading of sources carries along: counts, progress, and the paragraphs of documentation seen so far.</summary>
/// <param name="cancellation">Stops the reading between two documents.</param>
internal sealed class ReadContext(SkipCounts? skips = null, CancellationToken cancellation = default)
{
    private readonly HashSet<ulong> _seenProse = [];

    /// <summary>What was skipped so far, by reason.</summary>
    public SkipCounts Skips { get; } = skips ?? new SkipCounts();

    /// <summary>Stops the reading between two documents.</summary>
    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>Bytes of files read so far (compressed ones as they lie on disk).</summary>
    public long BytesRead { get; internal set; }

    /// <summary>Remembers a paragraph; false where it was seen before. Eight bytes of SHA-256 stand for it.</summary>
    internal bool IsNewProse(string paragraph) => _seenProse.Add(Hash64(paragraph));

    /// <summary>The first eight bytes of the SHA-256 of the text's UTF-8, big-endian.</summary>
    internal static ulong Hash64(string text) => Hash64(Encoding.UTF8.GetBytes(text));

    /// <summary>The same of UTF-8 bytes.</summary>
    internal static ulong Hash64(ReadOnlySpan<byte> utf8) => BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(utf8));
}
