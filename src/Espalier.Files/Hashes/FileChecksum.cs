namespace Espalier.Files;

/// <summary>
/// What a file must look like that this program alone writes and reads, and that nothing is keyed by: its checksum finds damage, in a tenth
/// of the time of <see cref="FileFact"/>'s hash.
/// </summary>
/// <param name="Name">Path inside its folder, with <c>/</c> between folders.</param>
/// <param name="Size">Bytes.</param>
internal sealed record FileChecksum(string Name, long Size)
{
    /// <summary>32 lower-case hexadecimal digits of XXH128.</summary>
    public string? Xxh128 { get; init; }

    /// <summary>64 digits of SHA-256, which were stated before there were checksums.</summary>
    public string? Sha256 { get; init; }

    /// <inheritdoc cref="FileFact.Problem(string, bool, bool)"/>
    public string? Problem(string folder, bool hash, bool fromDisk = false) => (Xxh128, Sha256) switch
    {
        (null, null) => $"there is no checksum for {Name}",
        (null, { } sha256) => new FileFact(Name, Size, sha256).Problem(folder, hash, fromDisk),
        ({ } sum, _) => FileFact.Problem(folder, Name, Size, hash ? sum : null, ContentHasher.Xxh128, fromDisk),
    };
}
