namespace Espalier.Models.Gguf.Quantization;

/// <summary>
/// Eight scales and eight minima of 6 bits in 12 bytes, as Q4_K and Q5_K have them: the first four of each lie in the low bits of four
/// bytes, the last four have their low four bits in bytes 8 to 11 (scales below, minima above) and their high two on top of the others.
/// </summary>
internal static class PackedScales
{
    public const int Bytes = 12;

    public static void Write(ReadOnlySpan<byte> scales, ReadOnlySpan<byte> minima, Span<byte> packed)
    {
        for (var i = 0; i < 4; i++)
        {
            packed[i] = (byte)(scales[i] | (scales[i + 4] >> 4 << 6));
            packed[i + 4] = (byte)(minima[i] | (minima[i + 4] >> 4 << 6));
            packed[i + 8] = (byte)((scales[i + 4] & 15) | (minima[i + 4] & 15) << 4);
        }
    }

    public static (int Scale, int Minimum) Read(ReadOnlySpan<byte> packed, int i) => i < 4
        ? (packed[i] & 63, packed[i + 4] & 63)
        : ((packed[i + 4] & 15) | (packed[i - 4] >> 6 << 4), (packed[i + 4] >> 4) | (packed[i] >> 6 << 4));
}
