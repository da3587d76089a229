namespace Espalier.Compression.Data;

/// <summary>bzip2's checksum: CRC-32 by the polynomial 04C11DB7, the highest bit first.</summary>
internal static class Bzip2Check
{
    private static readonly uint[] s_table = [.. Enumerable.Range(0, 256).Select(OfByte)];

    /// <summary>The checksum with one more byte; it begins with all ones, and is turned at the end.</summary>
    public static uint Of(uint before, byte value) => before << 8 ^ s_table[before >> 24 ^ value];

    private static uint OfByte(int value)
    {
        var check = (uint)value << 24;
        for (var bit = 0; bit < 8; bit++)
            check = check << 1 ^ ((check & 0x8000_0000) != 0 ? 0x04C1_1DB7u : 0);
        return check;
    }
}
