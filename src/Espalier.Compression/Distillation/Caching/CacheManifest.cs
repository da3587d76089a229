using Espalier.Files;

namespace Espalier.Compression.Distillation.Caching;

/// <summary><c>cache.json</c>: written last, so that its presence says that the cache is whole.</summary>
internal sealed record CacheManifest(int FormatVersion, CacheKey Key, long Windows, int WindowsOfAShard, IReadOnlyList<FileFact> Files)
{
    public const string FileName = "cache.json";
    public const int KnownVersion = 1;
}
