using System.Text.Json.Serialization;

namespace Espalier.Compression.Distillation.Caching;

/// <summary><c>cache.json</c>: written last, so that its presence says that the cache is whole.</summary>
internal sealed record CacheManifest(int FormatVersion, CacheKey Key, long Windows, int WindowsOfAShard, IReadOnlyList<FileFact> Files)
{
    public const string FileName = "cache.json";
    public const int KnownVersion = 2;

    /// <summary>
    /// c in c · tanh(logit / c), which logits of the head beside hidden states pass last; null for none. Releases that do not know it must
    /// not read such a cache, which has the version 2; any other has 1.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? LogitCap { get; init; }

    /// <summary>The manifest of a whole cache.</summary>
    public static CacheManifest Of(CacheKey key, double? logitCap, long windows, int windowsOfAShard, IReadOnlyList<FileFact> files) =>
        new(logitCap is null ? 1 : KnownVersion, key, windows, windowsOfAShard, files) { LogitCap = logitCap };
}
