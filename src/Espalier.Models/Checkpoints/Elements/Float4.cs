namespace Espalier.Models.Checkpoints.Elements;

/// <summary>
/// The floats of 4 bits that checkpoints hold, E2M1 (a sign, two bits of exponent, one of mantissa), and the powers of two that scale 32 of
/// them, E8M0 (OCP Microscaling Formats 1.0, sections 5.3.3 and 5.4.1).
/// </summary>
internal static class Float4
{
    /// <summary>Numbers under one E8M0 scale.</summary>
    public const int Group = 32;

    private static readonly float[] s_values = [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6];

    /// <summary>A number by its four bits, the lowest of <paramref name="bits"/>.</summary>
    public static float Value(int bits) => s_values[bits & 15];

    /// <summary>
    /// The power of two of a scale: 2^(byte - 127); not a number where all its bits are set. The smallest are below the normal floats,
    /// which a thread may take for 0.
    /// </summary>
    public static double Scale(byte bits) => bits == byte.MaxValue ? double.NaN : Math.ScaleB(1, bits - 127);

    /// <summary>Numbers that lie two to a byte, the first in the lower half, each times the scale of its group.</summary>
    /// <param name="bytes">Half as many bytes as <paramref name="values"/>.</param>
    /// <param name="scales">One for each group, group after group.</param>
    /// <param name="group">Numbers of a group; even.</param>
    /// <param name="values">Receives the products.</param>
    public static void Decode(ReadOnlySpan<byte> bytes, ReadOnlySpan<double> scales, int group, Span<float> values)
    {
        for (var at = 0; at < values.Length; at += 2)
        {
            var (both, scale) = (bytes[at / 2], scales[at / group]);
            values[at] = (float)(Value(both) * scale);
            values[at + 1] = (float)(Value(both >> 4) * scale);
        }
    }
}
