using System.Buffers.Binary;

namespace Espalier.Models.Gguf.Quantization;

/// <summary>
/// ggml's Q3_K, which is read only: 256 weights in sixteen parts of 16, each as d·(s - 32) · q with s of 6 bits and one float16 number d
/// for all. The low two bits of a quant lie as in <see cref="Q2Blocks"/>; a third bit that is not set takes 4 away.
/// </summary>
internal sealed class Q3Blocks : BlockLayout
{
    private const int Part = 16, Parts = 16, Half = 128, Row = 32, Packed = 12;

    public override int Size => Parts * Part;

    public override int Bytes => Row + Size / 4 + Packed + 2;

    public override void Decode(ReadOnlySpan<byte> block, Span<float> weights)
    {
        var high = block[..Row];
        var quants = block.Slice(Row, Size / 4);
        var scales = block.Slice(Row + Size / 4, Packed);
        var d = (float)BinaryPrimitives.ReadHalfLittleEndian(block[(Bytes - 2)..]);
        for (var i = 0; i < Size; i++)
        {
            var part = i / Part;
            // Low four bits of parts 8 to 15 above those of 0 to 7, then the high two of four parts to a byte.
            var number = scales[part % 8] >> (part / 8 * 4) & 15 | (scales[8 + part % 4] >> (part / 4 * 2) & 3) << 4;
            var quant = (quants[i / Half * Row + i % Row] >> (i % Half / Row * 2) & 3) - ((high[i % Row] >> (i / Row) & 1) == 0 ? 4 : 0);
            weights[i] = d * (number - 32) * quant;
        }
    }
}
