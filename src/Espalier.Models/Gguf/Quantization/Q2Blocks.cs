using System.Buffers.Binary;

namespace Espalier.Models.Gguf.Quantization;

/// <summary>
/// ggml's Q2_K, which is read only: 256 weights in sixteen parts of 16, each as d·s · q - e·m with s and m of 4 bits in one byte and two
/// float16 numbers d and e for all. Of 128 weights the quants of two bits lie in 32 bytes, parts 2i and 2i + 1 in bits 2i and 2i + 1.
/// </summary>
internal sealed class Q2Blocks : BlockLayout
{
    private const int Part = 16, Parts = 16, Half = 128, Row = 32;

    public override int Size => Parts * Part;

    public override int Bytes => Parts + Size / 4 + 4;

    public override void Decode(ReadOnlySpan<byte> block, Span<float> weights)
    {
        var quants = block[Parts..];
        float d = (float)BinaryPrimitives.ReadHalfLittleEndian(block[(Bytes - 4)..]),
            e = (float)BinaryPrimitives.ReadHalfLittleEndian(block[(Bytes - 2)..]);
        for (var i = 0; i < Size; i++)
        {
            var numbers = block[i / Part];
            float scale = d * (numbers & 15), minimum = e * (numbers >> 4);
            weights[i] = scale * (quants[i / Half * Row + i % Row] >> (i % Half / Row * 2) & 3) - minimum;
        }
    }
}
