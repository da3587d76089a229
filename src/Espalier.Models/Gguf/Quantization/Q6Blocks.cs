using System.Buffers.Binary;

namespace Espalier.Models.Gguf.Quantization;

/// <summary>
/// ggml's Q6_K: 256 weights in sixteen parts of 16, each as d·s · q with q from -32 to 31, s of 8 bits and one float16 number d for all.
/// Of each half of 128 the low four bits of weights i and i + 64 share a byte, and the high two of i, i + 32, i + 64 and i + 96 another.
/// </summary>
internal sealed class Q6Blocks : BlockFormat
{
    private const int Part = 16, Parts = 16, Levels = 32, Rounds = 3, HalfBlock = 128;

    public override int Size => Parts * Part;

    public override int Bytes => Size / 2 + Size / 4 + Parts + 2;

    public override float Largest => (float)Half.MaxValue * 127;

    public override bool TryEncode(ReadOnlySpan<float> weights, ReadOnlySpan<float> importance, Span<byte> block)
    {
        Span<float> scales = stackalloc float[Parts];
        var extreme = 0f;
        for (var part = 0; part < Parts; part++)
        {
            scales[part] = SymmetricSearch.Scale(Of(weights, part), Of(importance, part), Levels);
            if (MathF.Abs(scales[part]) > MathF.Abs(extreme))
                extreme = scales[part];
        }

        Span<sbyte> tried = stackalloc sbyte[Parts], best = stackalloc sbyte[Parts];
        var (least, bestD, d) = (float.PositiveInfinity, default(Half), (Half)(extreme / -128));
        if (!Half.IsFinite(d))
            return false;
        for (var part = 0; part < Parts; part++)
            tried[part] = (sbyte)BlockSums.Quant(scales[part] * BlockSums.Inverse((float)d), -128, 127);
        for (var round = 0; round < Rounds; round++)
        {
            var left = Descend(weights, importance, (float)d, tried);
            if (!(left < least))
                break;
            (least, bestD) = (left, d);
            tried.CopyTo(best);
            d = Refit(weights, importance, (float)d, tried);
            if (!Half.IsFinite(d) || d == bestD)
                break;
        }

        Write(weights, bestD, best, block);
        return true;
    }

    public override void Decode(ReadOnlySpan<byte> block, Span<float> weights)
    {
        ReadOnlySpan<byte> low = block[..128], high = block.Slice(128, 64), scales = block.Slice(192, Parts);
        var d = (float)BinaryPrimitives.ReadHalfLittleEndian(block[208..]);
        for (var i = 0; i < Size; i++)
        {
            var (byteOfLow, shiftOfLow, byteOfHigh, shiftOfHigh) = Place(i);
            var q = (low[byteOfLow] >> shiftOfLow & 15 | (high[byteOfHigh] >> shiftOfHigh & 3) << 4) - Levels;
            weights[i] = d * (sbyte)scales[i / Part] * q;
        }
    }

    private static ReadOnlySpan<float> Of(ReadOnlySpan<float> values, int part) => values.Slice(part * Part, Part);

    private static (int ByteOfLow, int ShiftOfLow, int ByteOfHigh, int ShiftOfHigh) Place(int i)
    {
        var (half, within) = (i / HalfBlock, i % HalfBlock);
        return (half * 64 + within % 64, within / 64 * 4, half * 32 + within % 32, within / 32 * 2);
    }

    /// <summary>Moves each part's scale to a neighbour as long as that leaves less; returns what is left of all.</summary>
    private static float Descend(ReadOnlySpan<float> weights, ReadOnlySpan<float> importance, float d, Span<sbyte> scales)
    {
        var sum = 0f;
        for (var part = 0; part < Parts; part++)
        {
            ReadOnlySpan<float> x = Of(weights, part), w = Of(importance, part);
            var least = Left(x, w, d * scales[part]);
            foreach (var step in (ReadOnlySpan<int>)[-1, 1])
                while (scales[part] + step is >= -128 and <= 127 && Left(x, w, d * (scales[part] + step)) is var left && left < least)
                    (least, scales[part]) = (left, (sbyte)(scales[part] + step));
            sum += least;
        }

        return sum;

        static float Left(ReadOnlySpan<float> x, ReadOnlySpan<float> w, float scale) =>
            BlockSums.SymmetricError(x, w, scale, -Levels, Levels - 1);
    }

    /// <summary>The best d for the quants that are there, a quotient of sums over all 256 weights.</summary>
    private static Half Refit(ReadOnlySpan<float> weights, ReadOnlySpan<float> importance, float d, ReadOnlySpan<sbyte> scales)
    {
        double xq = 0, qq = 0;
        for (var part = 0; part < Parts; part++)
        {
            var sums = BlockSums.Symmetric(
                Of(weights, part), Of(importance, part), BlockSums.Inverse(d * scales[part]), -Levels, Levels - 1);
            xq += (double)scales[part] * sums.XQ;
            qq += (double)scales[part] * scales[part] * sums.QQ;
        }

        return qq > 0 ? (Half)(xq / qq) : (Half)d;
    }

    private void Write(ReadOnlySpan<float> weights, Half d, ReadOnlySpan<sbyte> scales, Span<byte> block)
    {
        block.Clear();
        Span<byte> low = block[..128], high = block.Slice(128, 64);
        for (var i = 0; i < Size; i++)
        {
            var q = BlockSums.Quant(weights[i] * BlockSums.Inverse((float)d * scales[i / Part]), -Levels, Levels - 1) + Levels;
            var (byteOfLow, shiftOfLow, byteOfHigh, shiftOfHigh) = Place(i);
            low[byteOfLow] |= (byte)((q & 15) << shiftOfLow);
            high[byteOfHigh] |= (byte)(q >> 4 << shiftOfHigh);
        }

        for (var part = 0; part < Parts; part++)
            block[192 + part] = (byte)scales[part];
        BinaryPrimitives.WriteHalfLittleEndian(block[208..], d);
    }
}
