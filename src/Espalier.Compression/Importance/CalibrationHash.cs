using System.Buffers.Binary;
using System.Security.Cryptography;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Importance;

/// <summary>What says whether two scorings read the same.</summary>
internal static class CalibrationHash
{
    /// <summary>SHA-256 of the ids of the first windows, as little-endian int32: the same for a text and for its ids.</summary>
    /// <param name="tokens">The ids that windows were cut from, disjoint.</param>
    /// <param name="sequence">Inputs of a window, which has one id more.</param>
    /// <param name="samples">How many windows were read.</param>
    public static string Of(ITokens tokens, int sequence, int samples)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var count = (sequence + 1L) * samples;
        var ids = new int[Math.Min(count, 1 << 16)];
        var bytes = new byte[4 * ids.Length];
        for (var position = 0L; position < count; position += ids.Length)
        {
            var part = ids.AsSpan(0, (int)Math.Min(ids.Length, count - position));
            tokens.Read(position, part);
            for (var i = 0; i < part.Length; i++)
                BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4 * i), part[i]);
            hash.AppendData(bytes, 0, 4 * part.Length);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
