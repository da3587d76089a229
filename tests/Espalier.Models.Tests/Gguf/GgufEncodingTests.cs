using Espalier.Models.Gguf;

namespace Espalier.Models.Tests.Gguf;

public sealed class GgufEncodingTests
{
    [Fact]
    public void Q8_0_rounds_by_the_float32_scale_and_halves_go_away_from_zero()
    {
        // Largest 127, so the scale is 1 (float16 3c00) and each weight is its own quant.
        var weights = new float[32];
        weights[0] = 127f;
        weights[1] = -127f;
        weights[2] = 0.5f;
        weights[3] = -0.5f;
        weights[4] = 2.5f;
        weights[5] = -2.5f;
        weights[6] = 0.49f;
        weights[31] = 1f;

        var bytes = Encode(GgufType.Q8_0, weights);

        var expected = new byte[34];
        new byte[] { 0x00, 0x3c, 127, 129, 1, 255, 3, 253, 0 }.CopyTo(expected, 0);
        expected[33] = 1;
        Assert.Equal(expected, bytes);
    }

    [Fact]
    public void Q8_0_quants_come_from_the_scale_before_it_is_rounded_to_float16()
    {
        // 0.001 / 127 is 7.8740e-6 in float32 and 7.8678e-6 in float16 (0084): by the latter the second weight, 10.499 steps,
        // would be 10.507 and round up.
        var weights = new float[32];
        weights[0] = 0.001f;
        weights[1] = 8.26689e-5f;

        var bytes = Encode(GgufType.Q8_0, weights);

        Assert.Equal([0x84, 0x00, 127, 10], bytes[..4]);
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1e-44f)]
    public void Q8_0_stores_blocks_without_a_float16_scale_as_zeros(float weight)
        => Assert.Equal(new byte[34], Encode(GgufType.Q8_0, Enumerable.Repeat(weight, 32).ToArray()));

    [Theory]
    [InlineData(1f, 0x3f80)]
    [InlineData(1.00390625f, 0x3f80)] // 1 + 2^-8: a tie, down to the even neighbour
    [InlineData(1.01171875f, 0x3f82)] // 1 + 3·2^-8: a tie, up to the even neighbour
    [InlineData(1.0039064f, 0x3f81)] // just above the tie
    [InlineData(-2f, 0xc000)]
    public void BF16_rounds_to_nearest_even(float weight, int expected)
        => Assert.Equal([(byte)expected, (byte)(expected >> 8)], Encode(GgufType.BF16, [weight]));

    [Theory]
    [InlineData(1f, 0x3c00)]
    [InlineData(0.1f, 0x2e66)]
    [InlineData(65504f, 0x7bff)]
    [InlineData(6e-8f, 0x0001)]
    public void F16_rounds_to_nearest_even(float weight, int expected)
        => Assert.Equal([(byte)expected, (byte)(expected >> 8)], Encode(GgufType.F16, [weight]));

    [Theory]
    [InlineData(GgufType.F16, 70000f)]
    [InlineData(GgufType.Q8_0, 1e7f)]
    [InlineData(GgufType.BF16, float.MaxValue)]
    [InlineData(GgufType.F32, float.NaN)]
    [InlineData(GgufType.F16, float.NaN)]
    [InlineData(GgufType.BF16, float.NegativeInfinity)]
    [InlineData(GgufType.Q8_0, float.NaN)]
    internal void A_weight_that_does_not_fit_is_not_encoded(GgufType type, float weight)
    {
        var weights = Enumerable.Repeat(weight, 32).ToArray();
        Assert.False(GgufEncoding.TryEncode(type, weights, new byte[type.RowBytes(32)]));
    }

    [Theory]
    [InlineData(GgufType.F32, 0.0)]
    [InlineData(GgufType.F16, 1.0 / 2048)]
    [InlineData(GgufType.BF16, 1.0 / 256)]
    [InlineData(GgufType.Q8_0, 0.5 / 127 + 1.0 / 2048)]
    internal void Decoding_gives_the_weights_back_within_the_types_rounding(GgufType type, double relative)
    {
        var random = new Random(1);
        var weights = Enumerable.Range(0, 256).Select(_ => (float)(random.NextDouble() - 0.5)).ToArray();
        var decoded = new float[256];

        GgufEncoding.Decode(type, Encode(type, weights), decoded);

        Assert.All(weights.Zip(decoded), p => Assert.InRange(Math.Abs(p.First - p.Second), 0, 0.5 * relative));
    }

    private static byte[] Encode(GgufType type, float[] weights)
    {
        var bytes = new byte[type.RowBytes(weights.Length)];
        Assert.True(GgufEncoding.TryEncode(type, weights, bytes));
        return bytes;
    }
}
