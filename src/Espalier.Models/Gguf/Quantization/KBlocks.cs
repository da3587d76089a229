using System.Buffers.Binary;

namespace Espalier.Models.Gguf.Quantization;

/// <summary>
/// ggml's Q4_K and Q5_K: 256 weights in eight parts of 32, each as d·s · q - e·m with s and m of 6 bits and two float16 numbers d and e
/// for all. Parts 2i and 2i + 1 share bytes, the first in the low four bits; the fifth bits of part i are bit i of 32 bytes.
/// </summary>
/// <param name="bits">4 or 5.</param>
internal sealed class KBlocks(int bits) : BlockFormat
{
    private const int Part = 32, Parts = 8, Limit = 63, Rounds = 3, Reach = 2;

    private static readonly float[] s_limits = [63, 62, 61, 60, 58.5f, 57, 55, 53, 50, 47, 43];

    private readonly int _most = (1 << bits) - 1;

    public override int Size => Parts * Part;

    public override int Bytes => 4 + PackedScales.Bytes + (bits == 5 ? Part : 0) + Size / 2;

    public override float Largest => (float)Half.MaxValue * 32;

    public override bool TryEncode(ReadOnlySpan<float> weights, ReadOnlySpan<float> importance, Span<byte> block)
    {
        Span<float> scales = stackalloc float[Parts], minima = stackalloc float[Parts];
        for (var part = 0; part < Parts; part++)
            (scales[part], minima[part]) = AffineSearch.Best(Of(weights, part), Of(importance, part), _most);

        var (mostScale, mostMinimum) = (Largest(scales), Largest(minima));
        if (!Half.IsFinite((Half)(mostScale / s_limits[^1])) || !Half.IsFinite((Half)(mostMinimum / s_limits[^1])))
            return false;
        Span<byte> tried = stackalloc byte[2 * Parts], best = stackalloc byte[2 * Parts];
        var (least, bestD, bestE) = (float.PositiveInfinity, default(Half), default(Half));
        // From where the largest numbers are 63, and from the limits that leave least before anything is moved.
        var (byScale, byMinimum) = Start(weights, importance, scales, minima, mostScale, mostMinimum);
        foreach (var (limitOfScales, limitOfMinima) in (ReadOnlySpan<(float, float)>)[(Limit, Limit), (byScale, byMinimum)])
        {
            var (d, e) = ((Half)(mostScale / limitOfScales), (Half)(mostMinimum / limitOfMinima));
            Nearest(scales, minima, d, e, tried);
            for (var round = 0; round < Rounds; round++)
            {
                var left = Descend(weights, importance, (float)d, (float)e, tried);
                if (left < least)
                {
                    (least, bestD, bestE) = (left, d, e);
                    tried.CopyTo(best);
                }

                var before = (d, e);
                (d, e) = Refit(weights, importance, (float)d, (float)e, tried);
                if (!Half.IsFinite(d) || !Half.IsFinite(e) || (d, e) == before)
                    break;
            }

            if (byScale == Limit && byMinimum == Limit)
                break;
        }

        Write(weights, bestD, bestE, best, block);
        return true;

        static float Largest(ReadOnlySpan<float> values)
        {
            var largest = 0f;
            foreach (var value in values)
                largest = MathF.Max(largest, value);
            return largest;
        }
    }

    public override void Decode(ReadOnlySpan<byte> block, Span<float> weights)
    {
        float d = (float)BinaryPrimitives.ReadHalfLittleEndian(block), e = (float)BinaryPrimitives.ReadHalfLittleEndian(block[2..]);
        var packed = block.Slice(4, PackedScales.Bytes);
        var fifth = block.Slice(4 + PackedScales.Bytes, bits == 5 ? Part : 0);
        var low = block[(4 + PackedScales.Bytes + fifth.Length)..];
        for (var part = 0; part < Parts; part++)
        {
            var (s, m) = PackedScales.Read(packed, part);
            float scale = d * s, minimum = e * m;
            for (var i = 0; i < Part; i++)
            {
                var q = low[part / 2 * Part + i] >> (part % 2 * 4) & 15;
                if (bits == 5)
                    q |= (fifth[i] >> part & 1) << 4;
                weights[part * Part + i] = scale * q - minimum;
            }
        }
    }

    private static ReadOnlySpan<float> Of(ReadOnlySpan<float> values, int part) => values.Slice(part * Part, Part);

    private static void Nearest(ReadOnlySpan<float> scales, ReadOnlySpan<float> minima, Half d, Half e, Span<byte> numbers)
    {
        for (var part = 0; part < Parts; part++)
        {
            numbers[part] = (byte)BlockSums.Quant(scales[part] * BlockSums.Inverse((float)d), 0, Limit);
            numbers[Parts + part] = (byte)BlockSums.Quant(minima[part] * BlockSums.Inverse((float)e), 0, Limit);
        }
    }

    /// <summary>Which numbers the largest scale and the largest minimum should get, before anything is moved.</summary>
    private (float Scales, float Minima) Start(ReadOnlySpan<float> weights, ReadOnlySpan<float> importance, ReadOnlySpan<float> scales,
        ReadOnlySpan<float> minima, float mostScale, float mostMinimum)
    {
        Span<byte> numbers = stackalloc byte[2 * Parts];
        var (best, least) = ((Scales: (float)Limit, Minima: (float)Limit), float.PositiveInfinity);
        foreach (var limit in s_limits)
            Try(weights, importance, scales, minima, numbers, (limit, Limit));
        foreach (var limit in s_limits)
            Try(weights, importance, scales, minima, numbers, (best.Scales, limit));
        return best;

        void Try(ReadOnlySpan<float> weights, ReadOnlySpan<float> importance, ReadOnlySpan<float> scales, ReadOnlySpan<float> minima,
            Span<byte> numbers, (float Scales, float Minima) limits)
        {
            var (d, e) = ((Half)(mostScale / limits.Scales), (Half)(mostMinimum / limits.Minima));
            Nearest(scales, minima, d, e, numbers);
            var left = 0f;
            for (var part = 0; part < Parts; part++)
                left += BlockSums.AffineError(Of(weights, part), Of(importance, part), (float)d * numbers[part],
                    (float)e * numbers[Parts + part], _most);
            if (left < least)
                (least, best) = (left, limits);
        }
    }

    /// <summary>Moves each part's two numbers to neighbours as long as that leaves less; returns what is left of all.</summary>
    private float Descend(ReadOnlySpan<float> weights, ReadOnlySpan<float> importance, float d, float e, Span<byte> numbers)
    {
        var sum = 0f;
        for (var part = 0; part < Parts; part++)
        {
            ReadOnlySpan<float> x = Of(weights, part), w = Of(importance, part);
            var least = BlockSums.AffineError(x, w, d * numbers[part], e * numbers[Parts + part], _most);
            for (var moved = true; moved;)
            {
                moved = false;
                int s = numbers[part], m = numbers[Parts + part];
                for (var ds = -Reach; ds <= Reach; ds++)
                    for (var dm = -Reach; dm <= Reach; dm++)
                        if ((ds, dm) != (0, 0) && s + ds is >= 0 and <= Limit && m + dm is >= 0 and <= Limit
                            && BlockSums.AffineError(x, w, d * (s + ds), e * (m + dm), _most) is var left && left < least)
                        {
                            (least, moved) = (left, true);
                            (numbers[part], numbers[Parts + part]) = ((byte)(s + ds), (byte)(m + dm));
                        }
            }

            sum += least;
        }

        return sum;
    }

    /// <summary>The best d and e for the quants that are there: two equations over all 256 weights.</summary>
    private (Half D, Half E) Refit(ReadOnlySpan<float> weights, ReadOnlySpan<float> importance, float d, float e,
        ReadOnlySpan<byte> numbers)
    {
        double aa = 0, ab = 0, bb = 0, ax = 0, bx = 0;
        for (var part = 0; part < Parts; part++)
        {
            ReadOnlySpan<float> x = Of(weights, part), w = Of(importance, part);
            var (sw, sx, _) = BlockSums.Moments(x, w);
            var (q, qq, xq) = BlockSums.Affine(x, w, BlockSums.Inverse(d * numbers[part]), -e * numbers[Parts + part], _most);
            double s = numbers[part], m = numbers[Parts + part];
            aa += s * s * qq;
            ab += s * m * q;
            bb += m * m * sw;
            ax += s * xq;
            bx += m * sx;
        }

        var determinant = aa * bb - ab * ab;
        return determinant > 1e-9 * aa * bb
            ? ((Half)((ax * bb - bx * ab) / determinant), (Half)Math.Max(0, (ax * ab - bx * aa) / determinant))
            : aa > 0 ? ((Half)((ax + e * ab) / aa), (Half)e) : ((Half)d, (Half)e);
    }

    private void Write(ReadOnlySpan<float> weights, Half d, Half e, ReadOnlySpan<byte> numbers, Span<byte> block)
    {
        block.Clear();
        BinaryPrimitives.WriteHalfLittleEndian(block, d);
        BinaryPrimitives.WriteHalfLittleEndian(block[2..], e);
        PackedScales.Write(numbers[..Parts], numbers[Parts..], block[4..]);
        var fifth = block.Slice(4 + PackedScales.Bytes, bits == 5 ? Part : 0);
        var low = block[(4 + PackedScales.Bytes + fifth.Length)..];
        for (var part = 0; part < Parts; part++)
        {
            float inverse = BlockSums.Inverse((float)d * numbers[part]), minimum = (float)e * numbers[Parts + part];
            for (var i = 0; i < Part; i++)
            {
                var q = BlockSums.Quant((weights[part * Part + i] + minimum) * inverse, 0, _most);
                low[part / 2 * Part + i] |= (byte)((q & 15) << (part % 2 * 4));
                if (bits == 5)
                    fifth[i] |= (byte)(q >> 4 << part);
            }
        }
    }
}
