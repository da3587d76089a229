namespace Espalier.Models.Gguf;

/// <summary>Types of metadata values; the numbers are those of the file format.</summary>
internal enum GgufValueType : uint
{
    UInt8 = 0, Int8 = 1, UInt16 = 2, Int16 = 3, UInt32 = 4, Int32 = 5, Float32 = 6, Bool = 7, String = 8, Array = 9, UInt64 = 10,
    Int64 = 11, Float64 = 12,
}

internal static class GgufValueTypes
{
    /// <summary>The format's type of a managed value; an array counts as <see cref="GgufValueType.Array"/>.</summary>
    public static GgufValueType Of(object value) => value is Array ? GgufValueType.Array : Of(value.GetType());

    /// <summary>The format's type of a managed scalar type.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static GgufValueType Of(Type type) => Type.GetTypeCode(type) switch
    {
        TypeCode.Byte => GgufValueType.UInt8,
        TypeCode.SByte => GgufValueType.Int8,
        TypeCode.UInt16 => GgufValueType.UInt16,
        TypeCode.Int16 => GgufValueType.Int16,
        TypeCode.UInt32 => GgufValueType.UInt32,
        TypeCode.Int32 => GgufValueType.Int32,
        TypeCode.Single => GgufValueType.Float32,
        TypeCode.Boolean => GgufValueType.Bool,
        TypeCode.String => GgufValueType.String,
        TypeCode.UInt64 => GgufValueType.UInt64,
        TypeCode.Int64 => GgufValueType.Int64,
        TypeCode.Double => GgufValueType.Float64,
        _ => throw new ArgumentException($"GGUF has no type for {type.Name}", nameof(type)),
    };

    /// <summary>Bytes of one value; for a string the least, its length field. 0 for a type that is not known.</summary>
    public static int LeastBytes(this GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        GgufValueType.UInt64 or GgufValueType.Int64 or GgufValueType.Float64 or GgufValueType.String => 8,
        GgufValueType.Array => 12,
        _ => 0,
    };
}
