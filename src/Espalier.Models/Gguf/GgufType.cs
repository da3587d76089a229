using Espalier.Models.Gguf.Quantization;

namespace Espalier.Models.Gguf;

/// <summary>How the weights of a tensor are stored; the values are ggml's numbers of these types.</summary>
internal enum GgufType
{
    /// <summary>IEEE float32.</summary>
    F32 = 0,

    /// <summary>IEEE float16; a weight beyond ±65504 does not fit.</summary>
    F16 = 1,

    /// <summary>Blocks of 32 quants of 4 bits with one float16 scale: 4.5 bits a weight.</summary>
    Q4_0 = 2,

    /// <summary>Blocks of 32 quants of 4 bits with a float16 scale and minimum: 5 bits a weight. Read only.</summary>
    Q4_1 = 3,

    /// <summary>Blocks of 32 quants of 5 bits with one float16 scale: 5.5 bits a weight.</summary>
    Q5_0 = 6,

    /// <summary>Blocks of 32 quants of 5 bits with a float16 scale and minimum: 6 bits a weight. Read only.</summary>
    Q5_1 = 7,

    /// <summary>Blocks of 32 signed bytes with one float16 scale: 8.5 bits a weight.</summary>
    Q8_0 = 8,

    /// <summary>
    /// Blocks of 256 quants of 2 bits, in parts of 16 with a scale and a minimum of 4 bits: 2.625 bits a weight. Read only.
    /// </summary>
    Q2_K = 10,

    /// <summary>Blocks of 256 quants of 3 bits, in parts of 16 with a scale of 6 bits: 3.4375 bits a weight. Read only.</summary>
    Q3_K = 11,

    /// <summary>Blocks of 256 quants of 4 bits, in parts of 32 with a scale and a minimum of 6 bits: 4.5 bits a weight.</summary>
    Q4_K = 12,

    /// <summary>Blocks of 256 quants of 5 bits, in parts of 32 with a scale and a minimum of 6 bits: 5.5 bits a weight.</summary>
    Q5_K = 13,

    /// <summary>Blocks of 256 quants of 6 bits, in parts of 16 with a scale of 8 bits: 6.5625 bits a weight.</summary>
    Q6_K = 14,

    /// <summary>Blocks of 32 numbers into a table of 16 values with one float16 scale: 4.5 bits a weight. Read only.</summary>
    IQ4_NL = 20,

    /// <summary>
    /// Blocks of 256 numbers into a table of 16 values, in parts of 32 with a scale of 6 bits: 4.25 bits a weight. Read only.
    /// </summary>
    IQ4_XS = 23,

    /// <summary>The upper half of a float32.</summary>
    BF16 = 30,

    /// <summary>Blocks of 32 floats of 4 bits with a power of two as scale: 4.25 bits a weight. Read only.</summary>
    MXFP4 = 39,
}

/// <summary>Names and sizes of <see cref="GgufType"/>.</summary>
internal static class GgufTypes
{
    public static IReadOnlyList<GgufType> All { get; } = Enum.GetValues<GgufType>();

    private static readonly Dictionary<GgufType, BlockLayout> s_layouts = new()
    {
        [GgufType.Q4_0] = new SimpleBlocks(bits: 4),
        [GgufType.Q5_0] = new SimpleBlocks(bits: 5),
        [GgufType.Q4_K] = new KBlocks(bits: 4),
        [GgufType.Q5_K] = new KBlocks(bits: 5),
        [GgufType.Q6_K] = new Q6Blocks(),
        [GgufType.Q4_1] = new AffineBlocks(bits: 4),
        [GgufType.Q5_1] = new AffineBlocks(bits: 5),
        [GgufType.Q2_K] = new Q2Blocks(),
        [GgufType.Q3_K] = new Q3Blocks(),
        [GgufType.IQ4_NL] = new TableBlocks(parts: 1),
        [GgufType.IQ4_XS] = new TableBlocks(parts: 8),
        [GgufType.MXFP4] = new MicroscaledBlocks(),
    };

    /// <summary>The name as it is written in messages, such as <c>q8_0</c>.</summary>
    public static string Name(this GgufType type) => type.ToString().ToLowerInvariant();

    /// <summary>The encoder of a type whose blocks are searched for; null for the others.</summary>
    public static BlockFormat? Blocks(this GgufType type) => type.Layout() as BlockFormat;

    /// <summary>How the blocks of a type lie, whether or not they are written too; null where each weight or byte stands alone.</summary>
    public static BlockLayout? Layout(this GgufType type) => s_layouts.GetValueOrDefault(type);

    /// <summary>The type that weights have which stand alone; null for blocks of them.</summary>
    public static ElementType? Element(this GgufType type) => type switch
    {
        GgufType.F32 => ElementType.F32,
        GgufType.F16 => ElementType.F16,
        GgufType.BF16 => ElementType.BF16,
        _ => null,
    };

    /// <summary>Weights that are encoded together: a row holds a whole number of blocks.</summary>
    public static int BlockSize(this GgufType type) => type.Layout()?.Size ?? (type == GgufType.Q8_0 ? 32 : 1);

    public static int BlockBytes(this GgufType type) => type.Layout()?.Bytes ?? type.Element()?.Bytes()
        ?? (type == GgufType.Q8_0 ? 2 + 32 : throw new ArgumentOutOfRangeException(nameof(type), type, null));

    /// <summary>Bytes of a row of <paramref name="width"/> weights, a multiple of the block.</summary>
    public static long RowBytes(this GgufType type, long width) => width / type.BlockSize() * type.BlockBytes();
}
