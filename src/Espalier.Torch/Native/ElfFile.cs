using System.Buffers.Binary;

namespace Espalier.Torch.Native;

/// <summary>
/// Whether a shared library's file is as long as its own tables say. The system's loader maps a shorter one and the process ends by a
/// signal when what is missing is read; an interrupted download or a full disk makes such files.
/// </summary>
internal static class ElfFile
{
    // Of a 64-bit ELF header: where the tables of segments and of sections lie, and their entries' sizes and counts.
    private const int HeaderBytes = 64, SegmentEntryBytes = 56;

    /// <summary>
    /// What is missing at its end, as a sentence; null where nothing is, and where it is no 64-bit little-endian ELF file, which the loader
    /// says better.
    /// </summary>
    internal static string? Missing(string path)
    {
        using var file = File.OpenHandle(path);
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (RandomAccess.Read(file, header, 0) < HeaderBytes
            || !header[..6].SequenceEqual<byte>([0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1]))
            return null;
        var (segments, sections) =
            (BinaryPrimitives.ReadInt64LittleEndian(header[32..]), BinaryPrimitives.ReadInt64LittleEndian(header[40..]));
        var (entry, count) = (BinaryPrimitives.ReadUInt16LittleEndian(header[54..]), BinaryPrimitives.ReadUInt16LittleEndian(header[56..]));
        var needed =
            Math.Max(End(segments, entry, count),
                End(sections, BinaryPrimitives.ReadUInt16LittleEndian(header[58..]),
                    BinaryPrimitives.ReadUInt16LittleEndian(header[60..])));
        Span<byte> segment = stackalloc byte[SegmentEntryBytes];
        for (var i = 0; i < count && RandomAccess.Read(file, segment, segments + i * entry) == SegmentEntryBytes; i++)
            needed = Math.Max(needed,
                BinaryPrimitives.ReadInt64LittleEndian(segment[8..]) + BinaryPrimitives.ReadInt64LittleEndian(segment[32..]));
        // Of what is open: the path may be a link.
        return RandomAccess.GetLength(file) is var length && length < needed
            ? $"{path} has {length} of its {needed} bytes: it was copied or unpacked only in part; do that again" : null;
    }

    private static long End(long at, int size, int count) => at + (long)size * count;
}
