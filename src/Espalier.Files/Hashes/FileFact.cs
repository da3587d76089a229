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

    /// <summary>
    /// What is wrong with this file in <paramref name="folder"/>, in words that name the file and both numbers; null when all is well.
    /// A symbolic link is not believed, whatever it points to.
    /// </summary>
    /// <param name="folder">The folder that <see cref="Name"/> is relative to.</param>
    /// <param name="hash">Whether to read the whole file and compare its hash; otherwise the size alone is compared.</param>
    /// <param name="fromDisk">Whether what the system holds of the file in memory is dropped first, so that what is read is what the disk
    /// has.</param>
    public string? Problem(string folder, bool hash, bool fromDisk = false)
    {
        if (!IsSafeName(Name))
            return $"the name \"{Name}\" leaves the folder";
        try
        {
            var file = new FileInfo(Path.Combine(folder, Name));
            if (PathKind.Odd(file.FullName) is { } odd)
                return $"{Name} {odd}";
            if (!file.Exists)
                return $"{Name} is missing";
            if (file.Length != Size)
                return $"{Name} has {file.Length} bytes instead of {Size}";
            if (fromDisk)
                LibC.DropFromMemory(file.FullName);
            if (hash && ContentHash.OfFile(file.FullName) is var found && found != Sha256)
                return $"{Name} has the hash {found[..12]} instead of {(Sha256.Length > 12 ? Sha256[..12] : Sha256)}";
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"{Name} cannot be read ({error.Message})";
        }
    }
}
