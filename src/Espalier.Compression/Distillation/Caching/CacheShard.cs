using System.Buffers.Binary;

namespace Espalier.Compression.Distillation.Caching;

/// <summary>
/// A file of a cache: a header of 64 bytes (<c>ESPCACHE</c>, version, zero, first window's place, windows, bytes of a window, first 24
/// bytes of the key's hash), then the windows' records.
/// </summary>
internal static class CacheShard
{
    public const int HeaderBytes = 64;
    private const int Version = 1;

    public static string NameOf(long shard) => $"shard-{shard:00000}.bin";

    /// <summary>Whether a file has the name of a shard.</summary>
    public static bool IsShardName(string name) =>
        name.Length >= 15 && name.StartsWith("shard-", StringComparison.Ordinal) && name.EndsWith(".bin", StringComparison.Ordinal)
        && name.AsSpan(6, name.Length - 10).IndexOfAnyExceptInRange('0', '9') < 0;

    /// <summary>Whether a file begins as a shard does, of whatever key.</summary>
    public static bool HasHead(string path)
    {
        using var stream = ReadableFile.Open(path);
        var found = new byte[8];
        return stream.ReadAtLeast(found, found.Length, throwOnEndOfStream: false) == found.Length
            && found.AsSpan().SequenceEqual("ESPCACHE"u8);
    }

    public static byte[] Header(CacheKey key, long first, long windows, int windowBytes)
    {
        var header = new byte[HeaderBytes];
        "ESPCACHE"u8.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), Version);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(16), first);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(24), windows);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), windowBytes);
        Convert.FromHexString(HashOf(key))[..24].CopyTo(header, 40);
        return header;
    }

    /// <summary>Whether a file is the whole shard of that key and place.</summary>
    public static bool IsWhole(string path, byte[] header, long length)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.LinkTarget is not null || file.Length != length)
            return false;
        using var stream = file.OpenRead();
        var found = new byte[HeaderBytes];
        stream.ReadExactly(found);
        return found.AsSpan().SequenceEqual(header);
    }

    private static string HashOf(CacheKey key) => ContentHash.OfBytes(JsonSerializer.SerializeToUtf8Bytes(key, RecordJson.Of<CacheKey>()));
}
