using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Espalier.Models.Checkpoints.Elements;

// What a narrower type cannot hold: floats that round to its infinity.
internal static partial class ElementConversion
{
    /// <summary>The largest number of a type that floats are narrowed to.</summary>
    public static float Largest(ElementType type) => type switch
    {
        ElementType.F16 => 65504f,
        ElementType.BF16 => BitConverter.UInt32BitsToSingle(0x7f7f0000),
        _ => float.MaxValue,
    };

    /// <summary>
    /// Index of the first float that is not finite or that would not be in this type, rounded to nearest; -1 where all are.
    /// </summary>
    public static int IndexOfUnfit(ElementType type, ReadOnlySpan<float> values)
    {
        // Halfway between the largest number and the one that would come next, ties to even: from there on it is infinity. NaN lies above.
        var limit = type switch
        {
            ElementType.F16 => BitConverter.SingleToUInt32Bits(65520f),
            ElementType.BF16 => 0x7f7f8000u,
            _ => 0x7f800000u,
        };
        var bits = MemoryMarshal.Cast<float, uint>(values);
        var (magnitude, first) = (Vector256.Create(0x7fffffffu), Vector256.Create(limit));
        var i = 0;
        for (; i <= bits.Length - Lanes; i += Lanes)
            if (Vector256.GreaterThanOrEqualAny(Vector256.Create(bits[i..]) & magnitude, first))
                break;
        for (; i < bits.Length; i++)
            if ((bits[i] & 0x7fffffffu) >= limit)
                return i;
        return -1;
    }

    /// <summary>Brings floats beyond the type's largest number back to it.</summary>
    /// <returns>How many there were. NaN stays.</returns>
    public static int Clamp(float largest, Span<float> values)
    {
        var count = 0;
        foreach (ref var value in values)
            if (MathF.Abs(value) > largest)
                (value, count) = (MathF.CopySign(largest, value), count + 1);
        return count;
    }
}
