using System.Runtime.InteropServices;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Alignment.Packing;

/// <summary>Windows of whole conversations, as <see cref="WindowStoreWriter"/> wrote them. Dispose it.</summary>
internal sealed class WindowStore : IDisposable
{
    private WindowStore(TokenStore tokens, LossMask mask) =>
        (Tokens, Mask, Boundaries) = (tokens, mask, new StoredBoundaries(tokens.ReadDocumentStarts()));

    /// <summary>The tokens.</summary>
    public TokenStore Tokens { get; }

    /// <summary>Which of them count in the loss.</summary>
    public LossMask Mask { get; }

    /// <summary>Where conversations begin, and what windows are filled up with.</summary>
    public DocumentBoundaries Boundaries { get; }

    /// <summary>Opens a store; its files must agree.</summary>
    /// <param name="vocabulary">Ids are below it.</param>
    /// <param name="name">What the user knows it by.</param>
    /// <exception cref="EspalierException">Missing or contradictory files, or ids outside the vocabulary.</exception>
    public static WindowStore Open(string folder, int vocabulary, string name)
    {
        var tokens = TokenStore.Open(folder, vocabulary, name);
        try
        {
            var path = Path.Combine(folder, WindowStoreWriter.CountedName);
            var flags = File.Exists(path) ? File.ReadAllBytes(path) : [];
            return flags.LongLength == tokens.Count && flags.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)1) < 0
                ? new(tokens, new(MemoryMarshal.Cast<byte, bool>(flags).ToArray()))
                : throw new EspalierException(
                    $"{path}: must hold a byte of 0 or 1 for each of the {tokens.Count} tokens; write the data again");
        }
        catch
        {
            tokens.Dispose();
            throw;
        }
    }

    /// <summary>The windows, of so many inputs each.</summary>
    public WindowSet Windows(int sequence) => new(Tokens, sequence, WindowStride.Disjoint, Boundaries, Mask);

    public void Dispose() => Tokens.Dispose();
}
