using System.Runtime.InteropServices;

namespace Espalier.Models.Checkpoints.Elements;

/// <summary>Widening stored elements to float and narrowing floats to what is stored, vectorised. Little-endian, as the format.</summary>
internal static partial class ElementConversion
{
    /// <summary>Widens stored elements. F16 and BF16 are exact, F64 rounds to nearest, ties to even.</summary>
    /// <param name="type">F32, F16, BF16 or F64.</param>
    /// <param name="source">Their bytes, as many elements as <paramref name="destination"/> is long.</param>
    /// <param name="destination">Receives the floats.</param>
    public static void ToFloat32(ElementType type, ReadOnlySpan<byte> source, Span<float> destination)
    {
        switch (type)
        {
            case ElementType.F32:
                source.CopyTo(MemoryMarshal.AsBytes(destination));
                break;
            case ElementType.BF16:
                WidenBFloat16(MemoryMarshal.Cast<byte, ushort>(source), MemoryMarshal.Cast<float, uint>(destination));
                break;
            case ElementType.F16:
                WidenHalf(MemoryMarshal.Cast<byte, ushort>(source), destination);
                break;
            case ElementType.F64:
                NarrowDouble(MemoryMarshal.Cast<byte, double>(source), destination);
                break;
            default:
                throw new EspalierException($"{type.Name()} cannot be read as floats");
        }
    }

    /// <summary>Narrows floats to nearest, ties to even; what is beyond the type becomes infinite, NaN stays NaN.</summary>
    /// <param name="type">F32, F16, BF16 or F64.</param>
    /// <param name="source">The floats.</param>
    /// <param name="destination">Receives their bytes, <see cref="ElementTypes.Bytes"/> an element.</param>
    public static void FromFloat32(ElementType type, ReadOnlySpan<float> source, Span<byte> destination)
    {
        switch (type)
        {
            case ElementType.F32:
                MemoryMarshal.AsBytes(source).CopyTo(destination);
                break;
            case ElementType.BF16:
                NarrowBFloat16(MemoryMarshal.Cast<float, uint>(source), MemoryMarshal.Cast<byte, ushort>(destination));
                break;
            case ElementType.F16:
                NarrowHalf(source, MemoryMarshal.Cast<byte, ushort>(destination));
                break;
            case ElementType.F64:
                WidenDouble(source, MemoryMarshal.Cast<byte, double>(destination));
                break;
            default:
                throw new EspalierException($"{type.Name()} is not a supported type for weights; use F32, F16 or BF16");
        }
    }
}
