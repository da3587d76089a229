using Espalier.Models.Gguf.Quantization;

namespace Espalier.Models.Tests.Gguf.Quantization;

/// <summary>The eight lanes beside a plain twin that adds in the same order: the same bits.</summary>
public sealed class BlockSumsTests
{
    private static readonly Random s_random = new(11);

    [Theory]
    [InlineData(16)]
    [InlineData(32)]
    [InlineData(256)]
    public void Sums_have_the_bits_of_their_plain_twins(int length)
    {
        for (var i = 0; i < 50; i++)
        {
            var x = Draw(length, 1);
            var w = Draw(length, 1).Select(MathF.Abs).ToArray();
            var (inverse, d, m) = (3 + s_random.NextSingle() * 20, 0.02f + s_random.NextSingle(), s_random.NextSingle());
            Assert.Equal(
                (Sum(x, w, (v, c) => c * Quant(v * inverse, -8, 7) * v),
                    Sum(x, w, (v, c) => c * Quant(v * inverse, -8, 7) * Quant(v * inverse, -8, 7))),
                BlockSums.Symmetric(x, w, inverse, -8, 7));
            Assert.Equal(Sum(x, w, (v, c) => c * (d * Quant(v * (1 / d), -32, 31) - v) * (d * Quant(v * (1 / d), -32, 31) - v)),
                BlockSums.SymmetricError(x, w, d, -32, 31));
            float Q(float v) => Quant((v - -m) * inverse, 0, 15);
            Assert.Equal((Sum(x, w, (v, c) => c * Q(v)), Sum(x, w, (v, c) => c * Q(v) * Q(v)), Sum(x, w, (v, c) => c * Q(v) * v)),
                BlockSums.Affine(x, w, inverse, -m, 15));
            float E(float v) => d * Quant((v + m) * (1 / d), 0, 31) - m - v;
            Assert.Equal(Sum(x, w, (v, c) => c * E(v) * E(v)), BlockSums.AffineError(x, w, d, m, 31));
            Assert.Equal((Sum(x, w, (_, c) => c), Sum(x, w, (v, c) => c * v), Sum(x, w, (v, c) => c * v * v)), BlockSums.Moments(x, w));
        }
    }

    [Fact]
    public void Six_bit_scales_come_back_from_their_twelve_bytes()
    {
        Span<byte> scales = stackalloc byte[8], minima = stackalloc byte[8], packed = stackalloc byte[PackedScales.Bytes];
        for (var i = 0; i < 200; i++)
        {
            for (var j = 0; j < 8; j++)
                (scales[j], minima[j]) = ((byte)s_random.Next(64), (byte)s_random.Next(64));
            PackedScales.Write(scales, minima, packed);
            for (var j = 0; j < 8; j++)
                Assert.Equal((scales[j], minima[j]), PackedScales.Read(packed, j));
        }
    }

    private static float[] Draw(int length, float scale) =>
        [.. Enumerable.Range(0, length).Select(_ => scale * (s_random.NextSingle() + s_random.NextSingle() - 1))];

    private static float Quant(float scaled, float least, float most) => MathF.Min(MathF.Max(MathF.Round(scaled), least), most);

    private static float Sum(float[] x, float[] w, Func<float, float, float> of)
    {
        var lanes = new float[8];
        for (var i = 0; i < x.Length; i++)
            lanes[i % 8] += of(x[i], w[i]);
        var halves = new float[4];
        for (var i = 0; i < 4; i++)
            halves[i] = lanes[i] + lanes[i + 4];
        return halves[0] + halves[2] + (halves[1] + halves[3]);
    }
}
