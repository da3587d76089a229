namespace Espalier.Models;

/// <summary>
/// Element types of the safetensors format, in the reference implementation's order: files lay tensors out by descending
/// type, then by name, so the order of the members is part of the format that is written.
/// </summary>
public enum ElementType
{
    /// <summary>One byte, 0 or 1.</summary>
    Bool,

    /// <summary>4-bit float (MX), two to a byte.</summary>
    F4,

    /// <summary>6-bit float, 2 exponent and 3 mantissa bits, four to three bytes.</summary>
    F6_E2M3,

    /// <summary>6-bit float, 3 exponent and 2 mantissa bits, four to three bytes.</summary>
    F6_E3M2,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,

    /// <summary>Signed 8-bit integer.</summary>
    I8,

    /// <summary>8-bit float, 5 exponent and 2 mantissa bits.</summary>
    F8_E5M2,

    /// <summary>8-bit float, 4 exponent and 3 mantissa bits.</summary>
    F8_E4M3,

    /// <summary>8-bit exponent alone (MX scales).</summary>
    F8_E8M0,

    /// <summary>As <see cref="F8_E4M3"/>, without negative zero.</summary>
    F8_E4M3FNUZ,

    /// <summary>As <see cref="F8_E5M2"/>, without negative zero.</summary>
    F8_E5M2FNUZ,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>Unsigned 16-bit integer.</summary>
    U16,

    /// <summary>IEEE half.</summary>
    F16,

    /// <summary>bfloat16: the upper half of a float.</summary>
    BF16,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Unsigned 32-bit integer.</summary>
    U32,

    /// <summary>IEEE single.</summary>
    F32,

    /// <summary>Two singles: real and imaginary part.</summary>
    C64,

    /// <summary>IEEE double.</summary>
    F64,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>Unsigned 64-bit integer.</summary>
    U64,
}

/// <summary>Names and sizes of <see cref="ElementType"/>.</summary>
internal static class ElementTypes
{
    private static readonly Dictionary<string, ElementType> s_byName =
        Enum.GetValues<ElementType>().ToDictionary(static type => type.Name(), StringComparer.Ordinal);

    /// <summary>All names that the format knows, for error messages.</summary>
    public static string Known => string.Join(", ", s_byName.Keys);

    /// <summary>The name in a safetensors header, such as <c>BF16</c>.</summary>
    public static string Name(this ElementType type) => type == ElementType.Bool ? "BOOL" : type.ToString();

    /// <summary>The name in <c>config.json</c>'s <c>dtype</c>: <c>float32</c>, <c>float16</c>, <c>bfloat16</c>, <c>float64</c>.</summary>
    public static string ConfigName(this ElementType type) => type switch
    {
        ElementType.F32 => "float32",
        ElementType.F16 => "float16",
        ElementType.BF16 => "bfloat16",
        ElementType.F64 => "float64",
        _ => throw new EspalierException($"{type.Name()} is not a supported type for weights; use F32, F16 or BF16"),
    };

    /// <summary>Bits of one element; below 8 for packed types.</summary>
    public static int Bits(this ElementType type) => type switch
    {
        ElementType.F4 => 4,
        ElementType.F6_E2M3 or ElementType.F6_E3M2 => 6,
        ElementType.I16 or ElementType.U16 or ElementType.F16 or ElementType.BF16 => 16,
        ElementType.I32 or ElementType.U32 or ElementType.F32 => 32,
        ElementType.C64 or ElementType.F64 or ElementType.I64 or ElementType.U64 => 64,
        _ => 8,
    };

    /// <summary>Bytes of one element.</summary>
    /// <exception cref="EspalierException">The type packs several elements into a byte.</exception>
    public static int Bytes(this ElementType type) => type.Bits() % 8 == 0
        ? type.Bits() / 8
        : throw new EspalierException($"{type.Name()} has {type.Bits()} bits per element, not a whole number of bytes");

    /// <summary>Whether weights may be stored in the type: those are widened or narrowed to float32 where they are read.</summary>
    public static bool IsWeight(this ElementType type) =>
        type is ElementType.F32 or ElementType.F16 or ElementType.BF16 or ElementType.F64;

    /// <summary>Finds a type by its name in a header.</summary>
    public static bool TryParse(string name, out ElementType type) => s_byName.TryGetValue(name, out type);
}
