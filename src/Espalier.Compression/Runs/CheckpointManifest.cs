using Espalier.Models.Files;

namespace Espalier.Compression.Runs;

/// <summary><c>manifest.json</c> of a checkpoint: every file with its size and hash.</summary>
internal sealed record CheckpointManifest(int FormatVersion, long Step, IReadOnlyList<FileFact> Files)
{
    public const string FileName = "manifest.json";
    public const int KnownVersion = 1;
}
