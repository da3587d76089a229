namespace Espalier.Compression.Training.Saving;

/// <summary>A checkpoint that was just written, or all of whose files were read and had the hashes of its manifest.</summary>
/// <param name="Step">The state is that after this many steps.</param>
/// <param name="Folder">Full path of <c>step-N</c>.</param>
/// <param name="Files">Its files with sizes and checksums, in the order in which they were saved.</param>
internal sealed record SavedCheckpoint(long Step, string Folder, IReadOnlyList<FileChecksum> Files)
{
    /// <summary>
    /// The beginnings of the stage's logs that the checkpoint was saved with; null where it is of a version that stated none.
    /// </summary>
    public IReadOnlyList<FileFact>? Logs { get; init; }

    /// <summary>The full path of one of its files.</summary>
    /// <exception cref="EspalierException">The checkpoint has no such file.</exception>
    public string PathOf(string name) => Files.Any(file => file.Name == name)
        ? Path.Combine(Folder, name)
        : throw new EspalierException($"{Folder} has no {name}; it has {string.Join(", ", Files.Select(file => file.Name))}");

    /// <summary>Reads one of its files into memory.</summary>
    public byte[] Read(string name) => File.ReadAllBytes(PathOf(name));
}
