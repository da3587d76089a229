using System.Buffers.Binary;
using System.Text.Json;
using Espalier.Compression.Runs;
using Espalier.Models.Files;

namespace Espalier.Compression.Distillation.Caching;

/// <summary>
/// A file of a cache: a header of 64 bytes (<c>ESPCACHE</c>, version, zero, first window's place, windows, bytes of a window, first 24 bytes of the key's hash), then the windows' records.
/// </summary>
internal static class CacheShard
{
    public const int HeaderBytes = 64;
    private const int Version = 1;

    public static string NameOf(long shard) => $"shard-{shard:00000}.bin";

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

    private static string HashOf(CacheKey key) => ContentHash.OfBytes(JsonSerializer.SerializeToUtf8Bytes(key, RunJson.Default.CacheKey));
}
