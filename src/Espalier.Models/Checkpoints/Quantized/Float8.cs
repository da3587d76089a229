namespace Espalier.Models.Checkpoints.Quantized;

/// <summary>The floats of 8 bits that checkpoints hold (arXiv 2209.05433).</summary>
internal static class Float8
{
    /// <summary>Whether a tensor's numbers are such floats.</summary>
    public static bool Is(ElementType type) => type is ElementType.F8_E4M3 or ElementType.F8_E5M2;

    /// <summary>The number.</summary>
    /// <param name="type"><see cref="ElementType.F8_E4M3"/>, which has no infinity, or <see cref="ElementType.F8_E5M2"/>.</param>
    /// <param name="bits">Its byte.</param>
    public static float Value(ElementType type, byte bits)
    {
        // The upper byte of a half.
        if (type == ElementType.F8_E5M2)
            return (float)BitConverter.UInt16BitsToHalf((ushort)(bits << 8));
        int exponent = bits >> 3 & 15, mantissa = bits & 7;
        if (exponent == 15 && mantissa == 7)
            return float.NaN;
        var value = exponent == 0 ? MathF.ScaleB(mantissa, -9) : MathF.ScaleB(8 + mantissa, exponent - 10);
        return bits < 128 ? value : -value;
    }
}
