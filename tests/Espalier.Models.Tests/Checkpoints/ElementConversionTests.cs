using System.Runtime.InteropServices;
using Espalier.Models;
using Espalier.Models.Checkpoints.Elements;

namespace Espalier.Tests.Checkpoints;

public sealed class ElementConversionTests
{
    [Fact]
    public void Every_half_widens_to_the_float_that_it_is()
    {
        var halves = Enumerable.Range(0, 1 << 16).Select(static bits => (ushort)bits).ToArray();
        var floats = new float[halves.Length];
        ElementConversion.ToFloat32(ElementType.F16, MemoryMarshal.AsBytes<ushort>(halves), floats);
        for (var i = 0; i < halves.Length; i++)
        {
            var expected = (float)BitConverter.UInt16BitsToHalf(halves[i]);
            Assert.True(expected.Equals(floats[i]) && float.IsNegative(expected) == float.IsNegative(floats[i]),
                $"{halves[i]:x4}: {floats[i]}, not {expected}");
        }
    }

    [Fact]
    public void Every_bfloat16_widens_and_narrows_back_to_its_own_bits()
    {
        var words = Enumerable.Range(0, 1 << 16).Select(static bits => (ushort)bits).ToArray();
        var floats = new float[words.Length];
        ElementConversion.ToFloat32(ElementType.BF16, MemoryMarshal.AsBytes<ushort>(words), floats);
        var back = new ushort[words.Length];
        ElementConversion.FromFloat32(ElementType.BF16, floats, MemoryMarshal.AsBytes(back.AsSpan()));
        for (var i = 0; i < words.Length; i++)
        {
            Assert.Equal((uint)words[i] << 16, BitConverter.SingleToUInt32Bits(floats[i]));
            Assert.True(words[i] == back[i]
                || (float.IsNaN(floats[i]) && back[i] == (words[i] | 0x40)), $"{words[i]:x4} came back as {back[i]:x4}");
        }
    }

    [Fact]
    public void Half_narrowing_rounds_as_the_runtime_does()
    {
        var floats = Samples();
        var halves = new ushort[floats.Length];
        ElementConversion.FromFloat32(ElementType.F16, floats, MemoryMarshal.AsBytes(halves.AsSpan()));
        for (var i = 0; i < floats.Length; i++)
        {
            var expected = BitConverter.HalfToUInt16Bits((Half)floats[i]);
            Assert.True(float.IsNaN(floats[i]) ? Half.IsNaN(BitConverter.UInt16BitsToHalf(halves[i])) : expected == halves[i],
                $"{floats[i]:R} ({BitConverter.SingleToUInt32Bits(floats[i]):x8}): {halves[i]:x4}, not {expected:x4}");
        }
    }

    [Fact]
    public void Bfloat16_narrowing_takes_the_nearest_and_the_even_one_of_two()
    {
        var floats = Samples();
        var words = new ushort[floats.Length];
        ElementConversion.FromFloat32(ElementType.BF16, floats, MemoryMarshal.AsBytes(words.AsSpan()));
        for (var i = 0; i < floats.Length; i++)
        {
            if (float.IsNaN(floats[i]))
            {
                Assert.True(float.IsNaN(BitConverter.UInt32BitsToSingle((uint)words[i] << 16)));
                continue;
            }

            var bits = BitConverter.SingleToUInt32Bits(floats[i]);
            var (below, rest) = (bits >> 16, bits & 0xffff);
            var expected = rest > 0x8000 || (rest == 0x8000 && (below & 1) == 1) ? below + 1 : below;
            Assert.Equal((ushort)expected, words[i]);
        }
    }

    [Theory]
    [InlineData(1.00390625f, 0x3f80)]  // half-way between 1 and the next: to even
    [InlineData(1.01171875f, 0x3f82)]  // half-way the other way round
    [InlineData(float.MaxValue, 0x7f80)]
    [InlineData(-0f, 0x8000)]
    public void Bfloat16_ties_go_to_even(float value, int expected)
    {
        var words = new ushort[1];
        ElementConversion.FromFloat32(ElementType.BF16, [value], MemoryMarshal.AsBytes(words.AsSpan()));
        Assert.Equal(expected, words[0]);
    }

    [Fact]
    public void Doubles_round_to_the_nearest_float()
    {
        double[] doubles = [1.0, Math.PI, 1e300, -1e-300, double.NaN, 0.1, 1.0 / 3, -2.5, 16777217, 7e-46, 5];
        var floats = new float[doubles.Length];
        ElementConversion.ToFloat32(ElementType.F64, MemoryMarshal.AsBytes<double>(doubles), floats);
        Assert.Equal(doubles.Select(static value => (float)value), floats);
        var back = new double[doubles.Length];
        ElementConversion.FromFloat32(ElementType.F64, floats, MemoryMarshal.AsBytes(back.AsSpan()));
        Assert.Equal(floats.Select(static value => (double)value), back);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(20)]
    public void The_first_non_finite_value_is_found_wherever_it_stands(int index)
    {
        var values = Enumerable.Repeat(float.MaxValue, 21).ToArray();
        Assert.Equal(-1, ElementConversion.IndexOfNonFinite(values));
        values[20] = float.NegativeInfinity;
        values[index] = float.NaN;
        Assert.Equal(index, ElementConversion.IndexOfNonFinite(values));
    }

    // Random bit patterns, every neighbour of every half's rounding boundary, and an odd length for the tail.
    private static float[] Samples()
    {
        var random = new Random(7);
        var samples = new List<float>();
        for (var i = 0; i < 200_000; i++)
            samples.Add(BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)));
        for (var bits = 0; bits < 0x7c00; bits++)
        {
            var boundary = BitConverter.SingleToUInt32Bits((float)(((double)BitConverter.UInt16BitsToHalf((ushort)bits)
                + (bits == 0x7bff ? 65536 : (double)BitConverter.UInt16BitsToHalf((ushort)(bits + 1)))) / 2));
            for (var step = -1; step <= 1; step++)
                samples.Add(BitConverter.UInt32BitsToSingle((uint)(boundary + step)));
        }

        samples.Add(float.Epsilon);
        return [.. samples];
    }
}
