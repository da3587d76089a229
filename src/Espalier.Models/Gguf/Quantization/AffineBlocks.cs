using System.Buffers.Binary;

namespace Espalier.Models.Gguf.Quantization;

/// <summary>
/// ggml's Q4_1 and Q5_1, which are read only: 32 weights as d · q + m with a float16 scale and a float16 minimum; quants lie as in
/// <see cref="SimpleBlocks"/>.
/// </summary>
/// <param name="bits">4 or 5.</param>
internal sealed class AffineBlocks(int bits) : BlockLayout
{
    private const int Half = 16;

    public override int Size => 2 * Half;

    public override int Bytes => 4 + (bits == 5 ? 4 : 0) + Half;

    public override void Decode(ReadOnlySpan<byte> block, Span<float> weights)
    {
        float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block),
        minimum = (float)BinaryPrimitives.ReadHalfLittleEndian(block[2..]);
        var low = block[(Bytes - Half)..];
        var high = bits == 5 ? BinaryPrimitives.ReadUInt32LittleEndian(block[4..]) : 0;
        for (var i = 0; i < Half; i++)
        {
            weights[i] = (low[i] & 15u | (high >> i & 1) << 4) * scale + minimum;
            weights[i + Half] = ((uint)low[i] >> 4 | (high >> (i + Half) & 1) << 4) * scale + minimum;
        }
    }
}
