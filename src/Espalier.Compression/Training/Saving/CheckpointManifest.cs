namespace Espalier.Compression.Training.Saving;

/// <summary><c>manifest.json</c> of a checkpoint: every file with its size and checksum.</summary>
internal sealed record CheckpointManifest(int FormatVersion, long Step, IReadOnlyList<FileChecksum> Files)
{
    public const string FileName = "manifest.json";
    public const int KnownVersion = 1;

    /// <summary>
    /// Beginnings of the stage's logs that the state goes with: what a resume reads out of them (the best step so far) is only
    /// believed where they are still so. Null in checkpoints of early builds, which are believed as they were then.
    /// </summary>
    public IReadOnlyList<FileFact>? Logs { get; init; }
}
