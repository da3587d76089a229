using System.Buffers.Binary;

namespace Espalier.Models.Gguf.Quantization;

/// <summary>
/// ggml's IQ4_NL and IQ4_XS, which are read only: quants of 4 bits number the values of a table. IQ4_NL has a float16 scale for 32 weights;
/// IQ4_XS one for 256, and a factor of 6 bits less 32 for each 32 of them.
/// </summary>
/// <param name="parts">Parts of 32 weights in a block: 1 or 8.</param>
internal sealed class TableBlocks(int parts) : BlockLayout
{
    private const int Part = 32, Half = Part / 2;

    // Denser around 0, where most weights are.
    private static readonly sbyte[] s_values = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    private readonly int _head = parts == 1 ? 2 : 2 + 2 + parts / 2;

    public override int Size => parts * Part;

    public override int Bytes => _head + Size / 2;

    public override void Decode(ReadOnlySpan<byte> block, Span<float> weights)
    {
        var d = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        for (var part = 0; part < parts; part++)
        {
            var scale = parts == 1 ? d : d * (Number(block, part) - 32);
            var quants = block.Slice(_head + part * Half, Half);
            for (var i = 0; i < Half; i++)
            {
                weights[part * Part + i] = scale * s_values[quants[i] & 15];
                weights[part * Part + Half + i] = scale * s_values[quants[i] >> 4];
            }
        }
    }

    private static int Number(ReadOnlySpan<byte> block, int part) =>
        block[4 + part / 2] >> (part % 2 * 4) & 15 | (BinaryPrimitives.ReadUInt16LittleEndian(block[2..]) >> (2 * part) & 3) << 4;
}
