using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Espalier.Models.Checkpoints.Elements;
using Espalier.Models.Gguf.Quantization;

namespace Espalier.Models.Gguf;

/// <summary>
/// Float32 weights to the bytes of a GGUF type and back: decoded bit for bit as ggml does, encoded so too in F32, F16, BF16 and Q8_0, and
/// with less error than ggml's quantisers leave in the others.
/// </summary>
internal static class GgufEncoding
{
    /// <summary>
    /// Writes <paramref name="source"/>, whole blocks, into <paramref name="destination"/>, which it fills exactly.
    /// False, with the destination undefined, where a weight is not finite or does not fit the type.
    /// </summary>
    /// <param name="type">The type.</param>
    /// <param name="source">The weights, one row or several.</param>
    /// <param name="destination">The bytes.</param>
    /// <param name="importance">What an error costs in each column of a row; the same everywhere where empty.</param>
    public static bool TryEncode(GgufType type, ReadOnlySpan<float> source, Span<byte> destination,
        ReadOnlySpan<float> importance = default)
    {
        if (source.Length % type.BlockSize() != 0 || destination.Length != type.RowBytes(source.Length))
            throw new ArgumentException($"{source.Length} weights do not fill {destination.Length} bytes of {type}");
        return type switch
        {
            GgufType.Q8_0 => EncodeQ8_0(source, destination),
            _ when type.Blocks() is { } blocks => EncodeBlocks(blocks, source, destination, importance),
            _ when type.Element() is { } element => EncodeElements(element, source, destination),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
        };
    }

    /// <summary>The largest weight that a type can hold; of Q8_0 127 times the largest scale of a block.</summary>
    public static float Largest(GgufType type) => type switch
    {
        GgufType.Q8_0 => ElementConversion.Largest(ElementType.F16) * 127,
        _ => type.Blocks()?.Largest ?? ElementConversion.Largest(type.Element() ?? ElementType.F32),
    };

    /// <summary>Whether a weight has a number in a type, rounded to nearest: neither it nor its block's scale becomes infinite.</summary>
    internal static bool Fits(GgufType type, float weight) => type switch
    {
        GgufType.Q8_0 => ElementConversion.IndexOfUnfit(ElementType.F16, [weight / 127f]) < 0,
        _ when type.Element() is { } element => ElementConversion.IndexOfUnfit(element, [weight]) < 0,
        _ => float.IsFinite(weight) && MathF.Abs(weight) <= Largest(type),
    };

    /// <summary>Writes the weights that <paramref name="source"/> stores into <paramref name="destination"/>.</summary>
    public static void Decode(GgufType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        if (destination.Length % type.BlockSize() != 0 || source.Length != type.RowBytes(destination.Length))
            throw new ArgumentException($"{source.Length} bytes of {type} do not hold {destination.Length} weights");
        if (type.Element() is { } element)
            ElementConversion.ToFloat32(element, source, destination);
        else if (type.Layout() is { } blocks)
            for (var (i, at) = (0, 0); i < destination.Length; i += blocks.Size, at += blocks.Bytes)
                blocks.Decode(source.Slice(at, blocks.Bytes), destination.Slice(i, blocks.Size));
        else
            DecodeQ8_0(source, destination);
    }

    private static bool EncodeBlocks(
        BlockFormat blocks, ReadOnlySpan<float> source, Span<byte> destination, ReadOnlySpan<float> importance)
    {
        if (ElementConversion.IndexOfNonFinite(source) >= 0)
            return false;
        if (!importance.IsEmpty && (importance.Length % blocks.Size != 0 || source.Length % importance.Length != 0))
            throw new ArgumentException($"an importance of {importance.Length} columns does not fit {source.Length} weights");
        Span<float> alike = stackalloc float[blocks.Size];
        alike.Fill(1);
        for (var (i, at) = (0, 0); i < source.Length; i += blocks.Size, at += blocks.Bytes)
        {
            var costs = importance.IsEmpty ? alike : importance.Slice(i % importance.Length, blocks.Size);
            if (!blocks.TryEncode(source.Slice(i, blocks.Size), costs, destination.Slice(at, blocks.Bytes)))
                return false;
        }

        return true;
    }

    private static bool EncodeElements(ElementType type, ReadOnlySpan<float> source, Span<byte> destination)
    {
        if (ElementConversion.IndexOfUnfit(type, source) >= 0)
            return false;
        ElementConversion.FromFloat32(type, source, destination);
        return true;
    }

    private static bool EncodeQ8_0(ReadOnlySpan<float> source, Span<byte> destination)
    {
        for (var (i, at) = (0, 0); i < source.Length; i += 32, at += 34)
        {
            var block = source.Slice(i, 32);
            var largest = 0f;
            foreach (var weight in block)
            {
                if (!float.IsFinite(weight))
                    return false;
                largest = MathF.Max(largest, MathF.Abs(weight));
            }

            // ggml rounds with the float32 scale and stores it in float16 afterwards; halves round away from zero.
            var scale = largest / 127f;
            // A block so small that the inverse overflows is stored as zeros: float16 has no scale for it.
            var inverse = scale == 0f || float.IsInfinity(1f / scale) ? 0f : 1f / scale;
            var stored = (Half)scale;
            if (!Half.IsFinite(stored))
                return false;
            BinaryPrimitives.WriteHalfLittleEndian(destination[at..], stored);
            for (var j = 0; j < 32; j++)
                destination[at + 2 + j] = (byte)(sbyte)MathF.Round(block[j] * inverse, MidpointRounding.AwayFromZero);
        }
        return true;
    }

    private static void DecodeQ8_0(ReadOnlySpan<byte> source, Span<float> destination)
    {
        for (int i = 0, at = 0; i < destination.Length; at += 34)
        {
            var scale = (float)BinaryPrimitives.ReadHalfLittleEndian(source[at..]);
            foreach (var quant in MemoryMarshal.Cast<byte, sbyte>(source.Slice(at + 2, 32)))
                destination[i++] = quant * scale;
        }
    }
}
