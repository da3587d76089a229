using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Espalier.Models.Checkpoints.Elements;

// Eight lanes at a time. A tail goes through the same lanes, padded with zeros, so that every element has one way of
// being rounded wherever it stands. No step makes or takes a denormal float that matters, since the program turns
// denormals off: the smallest half, 2^-24, is a normal float.
internal static partial class ElementConversion
{
    private const int Lanes = 8;
    private const uint HalfExponentBias = 112u << 23;

    /// <summary>Index of the first NaN or infinity; -1 where all are finite.</summary>
    public static int IndexOfNonFinite(ReadOnlySpan<float> values)
    {
        var bits = MemoryMarshal.Cast<float, uint>(values);
        var exponent = Vector256.Create(0x7f800000u);
        var i = 0;
        for (; i <= bits.Length - Lanes; i += Lanes)
            if (Vector256.EqualsAny(Vector256.Create(bits[i..]) & exponent, exponent))
                break;
        for (; i < bits.Length; i++)
            if (!float.IsFinite(values[i]))
                return i;
        return -1;
    }

    private static void WidenBFloat16(ReadOnlySpan<ushort> source, Span<uint> destination)
    {
        var i = 0;
        for (; i <= source.Length - Lanes; i += Lanes)
            (Widen(source[i..]) << 16).CopyTo(destination[i..]);
        for (; i < source.Length; i++)
            destination[i] = (uint)source[i] << 16;
    }

    private static void NarrowBFloat16(ReadOnlySpan<uint> source, Span<ushort> destination) => Run<ToBFloat16>(source, destination);

    private readonly struct ToBFloat16 : IRounding
    {
        public static Vector256<uint> Round(Vector256<uint> bits)
        {
            var rounded = (bits + Vector256.Create(0x7fffu) + ((bits >> 16) & Vector256.Create(1u))) >> 16;
            var quiet = (bits >> 16) | Vector256.Create(0x40u);
            return Vector256.ConditionalSelect(IsNaN(bits), quiet, rounded);
        }
    }

    private static void WidenHalf(ReadOnlySpan<ushort> source, Span<float> destination)
    {
        var words = MemoryMarshal.Cast<float, uint>(destination);
        var i = 0;
        for (; i <= source.Length - Lanes; i += Lanes)
            WidenHalf(Widen(source[i..])).CopyTo(words[i..]);
        for (; i < source.Length; i++)
            words[i] = WidenHalf(Vector256.CreateScalar((uint)source[i])).ToScalar();
    }

    private static Vector256<uint> WidenHalf(Vector256<uint> half)
    {
        var sign = (half & Vector256.Create(0x8000u)) << 16;
        var magnitude = (half & Vector256.Create(0x7fffu)) << 13;
        var exponent = magnitude & Vector256.Create(0x0f800000u);
        var normal = magnitude + Vector256.Create(HalfExponentBias);
        var infinite = normal + Vector256.Create(HalfExponentBias);
        // Subnormal: 2^-14 with the mantissa after it, minus 2^-14.
        var smallest = Vector256.Create(113u << 23);
        var subnormal = ((magnitude | smallest).AsSingle() - smallest.AsSingle()).AsUInt32();
        var result = Vector256.ConditionalSelect(Vector256.Equals(exponent, Vector256<uint>.Zero), subnormal, normal);
        return sign | Vector256.ConditionalSelect(Vector256.Equals(exponent, Vector256.Create(0x0f800000u)), infinite, result);
    }

    private static void NarrowHalf(ReadOnlySpan<float> source, Span<ushort> destination) =>
        Run<ToHalf>(MemoryMarshal.Cast<float, uint>(source), destination);

    private readonly struct ToHalf : IRounding
    {
        public static Vector256<uint> Round(Vector256<uint> bits)
        {
            var sign = (bits >> 16) & Vector256.Create(0x8000u);
            var magnitude = bits & Vector256.Create(0x7fffffffu);
            // Normal: move the exponent's bias, round the 13 bits that fall off; a carry runs into the exponent, up to infinity.
            var odd = (magnitude >> 13) & Vector256.Create(1u);
            var normal = (magnitude - Vector256.Create(HalfExponentBias) + Vector256.Create(0xfffu) + odd) >> 13;
            // Subnormal: adding 0.5 lets the processor round at 2^-24, the half's last place.
            var magic = Vector256.Create(126u << 23);
            var subnormal = (magnitude.AsSingle() + magic.AsSingle()).AsUInt32() - magic;
            var result = Vector256.ConditionalSelect(Vector256.LessThan(magnitude, Vector256.Create(113u << 23)), subnormal, normal);
            var beyond = Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(143u << 23));
            result = Vector256.ConditionalSelect(beyond, Vector256.Create(0x7c00u), result);
            return sign | Vector256.ConditionalSelect(IsNaN(bits), Vector256.Create(0x7e00u), result);
        }
    }

    private static void NarrowDouble(ReadOnlySpan<double> source, Span<float> destination)
    {
        var i = 0;
        for (; i <= source.Length - Lanes; i += Lanes)
            Vector256.Narrow(Vector256.Create(source[i..]), Vector256.Create(source[(i + 4)..])).CopyTo(destination[i..]);
        for (; i < source.Length; i++)
            destination[i] = (float)source[i];
    }

    private static void WidenDouble(ReadOnlySpan<float> source, Span<double> destination)
    {
        for (var i = 0; i < source.Length; i++)
            destination[i] = source[i];
    }

    /// <summary>Rounds eight floats' bits to words of 16 bits; a type rather than a delegate, so that it is inlined.</summary>
    private interface IRounding
    {
        static abstract Vector256<uint> Round(Vector256<uint> bits);
    }

    private static void Run<TRounding>(ReadOnlySpan<uint> source, Span<ushort> destination)
        where TRounding : struct, IRounding
    {
        var i = 0;
        for (; i <= source.Length - Lanes; i += Lanes)
            Store(TRounding.Round(Vector256.Create(source[i..])), destination[i..]);
        for (; i < source.Length; i++)
            destination[i] = (ushort)TRounding.Round(Vector256.CreateScalar(source[i])).ToScalar();
    }

    private static Vector256<uint> Widen(ReadOnlySpan<ushort> source)
    {
        var (lower, upper) = Vector128.Widen(Vector128.Create(source));
        return Vector256.Create(lower, upper);
    }

    private static void Store(Vector256<uint> words, Span<ushort> destination) =>
        Vector128.Narrow(words.GetLower(), words.GetUpper()).CopyTo(destination);

    private static Vector256<uint> IsNaN(Vector256<uint> bits) =>
        Vector256.GreaterThan(bits & Vector256.Create(0x7fffffffu), Vector256.Create(0x7f800000u));
}
