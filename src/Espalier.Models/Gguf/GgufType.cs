namespace Espalier.Models.Gguf;

/// <summary>How the weights of a GGUF file are stored; the values are ggml's numbers of these types.</summary>
internal enum GgufType
{
    /// <summary>IEEE float32.</summary>
    F32 = 0,

    /// <summary>IEEE float16; a weight beyond ±65504 does not fit.</summary>
    F16 = 1,

    /// <summary>Blocks of 32 signed bytes with one float16 scale: 8.5 bits a weight.</summary>
    Q8_0 = 8,

    /// <summary>The upper half of a float32.</summary>
    BF16 = 30,
}

/// <summary>Names, sizes and file-type numbers of <see cref="GgufType"/>.</summary>
internal static class GgufTypes
{
    /// <summary>Every type, in the order in which help lists them.</summary>
    public static IReadOnlyList<GgufType> All { get; } = [GgufType.F32, GgufType.F16, GgufType.BF16, GgufType.Q8_0];

    /// <summary>The name as it is written in file names and on the command line, such as <c>q8_0</c>.</summary>
    public static string Name(this GgufType type) => type.ToString().ToLowerInvariant();

    /// <summary>Weights that are encoded together: a row holds a whole number of blocks.</summary>
    public static int BlockSize(this GgufType type) => type == GgufType.Q8_0 ? 32 : 1;

    /// <summary>Bytes of one block.</summary>
    public static int BlockBytes(this GgufType type) => type switch
    {
        GgufType.F32 => 4,
        GgufType.F16 or GgufType.BF16 => 2,
        GgufType.Q8_0 => 2 + 32,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    /// <summary>Bytes of a row of <paramref name="width"/> weights, a multiple of the block.</summary>
    public static long RowBytes(this GgufType type, long width) => width / type.BlockSize() * type.BlockBytes();

    /// <summary>llama.cpp's number for a file of mostly this type (<c>general.file_type</c>, enum <c>llama_ftype</c>).</summary>
    internal static uint FileType(this GgufType type) => type switch
    {
        GgufType.F32 => 0,
        GgufType.F16 => 1,
        GgufType.Q8_0 => 7,
        GgufType.BF16 => 32,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };
}
