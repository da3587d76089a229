namespace Espalier.Compression.Data.Files;

/// <summary>Files that are packed as their names end.</summary>
internal static class PackedFile
{
    /// <summary>What a file unpacks to; null where it is not packed. The file stays open.</summary>
    public static Stream? Unpack(FileStream file, string path) =>
        path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GzipStream(file)
        : path.EndsWith(".zst", StringComparison.OrdinalIgnoreCase) ? new ZstdStream(file)
        : path.EndsWith(".bz2", StringComparison.OrdinalIgnoreCase) ? new Bzip2Stream(file)
        : null;
}
