namespace Espalier.Compression.Distillation.Caching;

// Shapes: T positions of a window, K likeliest and M drawn entries, E teacher width.

/// <summary>
/// Where the fields of a window lie in its record, all little-endian: <c>top_ids [T, K]</c>, <c>top_probabilities [T, K]</c> float32,
/// <c>log_tail [T]</c> float32, <c>drawn_ids [T, M]</c>, <c>entropy [T]</c> float32, <c>hidden [T, E]</c> float32. Ids take two bytes where
/// the vocabulary allows it, else four. Fields that an encoding does not have take nothing.
/// </summary>
internal sealed record CacheLayout
{
    /// <summary>Bytes of an id.</summary>
    public int IdBytes { get; }

    /// <summary>Offset of the likeliest ids.</summary>
    public int TopIds { get; }

    /// <summary>Offset of their probabilities.</summary>
    public int TopProbabilities { get; }

    /// <summary>Offset of the logarithms of the mass of all others.</summary>
    public int LogTail { get; }

    /// <summary>Offset of the drawn ids.</summary>
    public int DrawnIds { get; }

    /// <summary>Offset of the entropies.</summary>
    public int Entropy { get; }

    /// <summary>Offset of the hidden states.</summary>
    public int Hidden { get; }

    /// <summary>Bytes of a window.</summary>
    public int WindowBytes { get; }

    /// <summary>Lays a window out.</summary>
    /// <exception cref="EspalierException">A window would take 2 GiB or more.</exception>
    public CacheLayout(CacheKey key)
    {
        IdBytes = key.Vocabulary <= 65536 ? 2 : 4;
        var (T, at) = ((long)key.Sequence, 0L);
        TopIds = Take(T * key.K * IdBytes);
        TopProbabilities = Take(T * key.K * 4);
        LogTail = Take(key.K > 0 ? T * 4 : 0);
        DrawnIds = Take(T * key.Samples * IdBytes);
        Entropy = Take(key.Samples > 0 ? T * 4 : 0);
        Hidden = Take(key.Encoding == CacheEncoding.Hidden ? T * key.HiddenSize * 4 : 0);
        WindowBytes = (int)at;

        int Take(long bytes)
        {
            var offset = at;
            at = (at + bytes + 3) / 4 * 4;
            return at < int.MaxValue
                ? (int)offset
                : throw new EspalierException(
                    $"cache: a window of {key.Sequence} positions takes more than 2 GiB; keep fewer entries or use shorter windows");
        }
    }

    /// <summary>Bytes that a cache takes for a number of windows, headers aside.</summary>
    public long BytesFor(long windows) => windows * WindowBytes;
}
