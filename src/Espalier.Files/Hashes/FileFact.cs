namespace Espalier.Files;

/// <summary>What a finished file must look like.</summary>
/// <param name="Name">Path inside its folder, with <c>/</c> between folders.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">64 lower-case hexadecimal digits.</param>
internal sealed record FileFact(string Name, long Size, string Sha256)
{
    /// <summary>Whether a name stays inside its folder: relative, no empty, <c>.</c> or <c>..</c> part, no backslash, no NUL.</summary>
    public static bool IsSafeName(string name) =>
        name.Length is > 0 and < 1024 && !name.Contains('\\') && !name.Contains('\0') && !Path.IsPathRooted(name)
        && name.Split('/').All(part => part is not ("" or "." or ".."));

    /// <summary>The full path of a file by its name in a folder.</summary>
    /// <exception cref="ArgumentException">The name leaves the folder.</exception>
    public static string PathOf(string folder, string name) => IsSafeName(name)
        ? Path.Combine(folder, name)
        : throw new ArgumentException($"\"{name}\" points outside the folder.", nameof(name));

    /// <summary>
    /// What is wrong with this file in <paramref name="folder"/>, in words that name the file and both numbers; null when all is well.
    /// A symbolic link is not believed, whatever it points to.
    /// </summary>
    /// <param name="folder">The folder that <see cref="Name"/> is relative to.</param>
    /// <param name="hash">Whether to read the whole file and compare its hash; otherwise the size alone is compared.</param>
    /// <param name="fromDisk">Whether what the system holds of the file in memory is dropped first, so that what is read is what the disk
    /// has.</param>
    public string? Problem(string folder, bool hash, bool fromDisk = false) =>
        Problem(folder, Name, Size, hash ? Sha256 : null, ContentHasher.Sha256, fromDisk);

    /// <summary>The same of a file whose hash is made in some way.</summary>
    /// <param name="folder">The folder that the name is relative to.</param>
    /// <param name="name">The file's path in it.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="hash">The digits, to read the whole file; null for the size alone.</param>
    /// <param name="hasher">What makes them.</param>
    /// <param name="fromDisk">As above.</param>
    internal static string? Problem(string folder, string name, long size, string? hash, Func<ContentHasher> hasher, bool fromDisk)
    {
        if (!IsSafeName(name))
            return $"the name \"{name}\" points outside the folder";
        try
        {
            var file = new FileInfo(Path.Combine(folder, name));
            if (PathKind.Odd(file.FullName) is { } odd)
                return $"{name} {odd}";
            if (!file.Exists)
                return $"{name} is missing";
            if (file.Length != size)
                return $"{name} has {file.Length} bytes instead of {size}";
            if (fromDisk)
                LibC.DropFromMemory(file.FullName);
            if (hash is not null && ContentHash.OfFile(file.FullName, hasher) is var found && found != hash)
                return $"{name} has the hash {found[..12]} instead of {(hash.Length > 12 ? hash[..12] : hash)}";
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"{name} cannot be read ({error.Message})";
        }
    }
}
