using System.Buffers;

namespace Espalier.Compression.Data.Tokens;

/// <summary>Ids as 64-bit integers, which embeddings take.</summary>
public static class WideTokens
{
    /// <summary>Copies ids, from <paramref name="position"/> on, until the destination is full.</summary>
    /// <param name="tokens">The ids.</param>
    /// <param name="position">Place of the first.</param>
    /// <param name="destination">Where they go.</param>
    /// <exception cref="ArgumentOutOfRangeException">The range goes beyond the ids.</exception>
    public static void Read(this ITokens tokens, long position, Span<long> destination)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        var ids = ArrayPool<int>.Shared.Rent(destination.Length);
        tokens.Read(position, ids.AsSpan(0, destination.Length));
        for (var i = 0; i < destination.Length; i++)
            destination[i] = ids[i];
        ArrayPool<int>.Shared.Return(ids);
    }
}
