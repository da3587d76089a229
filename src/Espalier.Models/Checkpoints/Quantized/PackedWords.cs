namespace Espalier.Models.Checkpoints.Quantized;

/// <summary>Small whole numbers in words of 32 bits, the first in the lowest bits.</summary>
internal static class PackedWords
{
    /// <summary>Number <paramref name="index"/> of a word.</summary>
    public static int At(uint word, int index, int bits) => (int)(word >> (index * bits)) & ((1 << bits) - 1);

    /// <summary>How many words hold so many numbers; a number never lies across two.</summary>
    public static int Words(int numbers, int bits) => (numbers + 32 / bits - 1) / (32 / bits);
}
