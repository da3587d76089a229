using System.Buffers.Binary;

namespace Espalier.Models.Gguf.Quantization;

/// <summary>
/// ggml's Q4_0 and Q5_0: 32 weights as d · q with one float16 scale d; the low four bits of weights i and i + 16 share a byte, the fifth
/// ones lie in four bytes of their own.
/// </summary>
/// <param name="bits">4 or 5.</param>
internal sealed class SimpleBlocks(int bits) : BlockFormat
{
    private const int Half = 16;

    private readonly int _levels = 1 << (bits - 1);

    public override int Size => 2 * Half;

    public override int Bytes => 2 + (bits == 5 ? 4 : 0) + Half;

    public override float Largest => (float)System.Half.MaxValue * (_levels - 1);

    public override bool TryEncode(ReadOnlySpan<float> weights, ReadOnlySpan<float> importance, Span<byte> block)
    {
        var scale = SymmetricSearch.Stored(weights, importance, _levels);
        if (!System.Half.IsFinite(scale))
            return false;
        BinaryPrimitives.WriteHalfLittleEndian(block, scale);
        var inverse = BlockSums.Inverse((float)scale);
        var low = block[(Bytes - Half)..];
        var high = 0u;
        for (var i = 0; i < Half; i++)
        {
            int first = Quant(weights[i]), second = Quant(weights[i + Half]);
            low[i] = (byte)((first & 15) | (second & 15) << 4);
            high |= (uint)(first >> 4) << i | (uint)(second >> 4) << (i + Half);
        }

        if (bits == 5)
            BinaryPrimitives.WriteUInt32LittleEndian(block[2..], high);
        return true;

        int Quant(float weight) => BlockSums.Quant(weight * inverse, -_levels, _levels - 1) + _levels;
    }

    public override void Decode(ReadOnlySpan<byte> block, Span<float> weights)
    {
        var scale = (float)BinaryPrimitives.ReadHalfLittleEndian(block);
        var low = block[(Bytes - Half)..];
        var high = bits == 5 ? BinaryPrimitives.ReadUInt32LittleEndian(block[2..]) : 0;
        for (var i = 0; i < Half; i++)
        {
            weights[i] = ((int)(low[i] & 15u | (high >> i & 1) << 4) - _levels) * scale;
            weights[i + Half] = ((int)((uint)low[i] >> 4 | (high >> (i + Half) & 1) << 4) - _levels) * scale;
        }
    }
}
