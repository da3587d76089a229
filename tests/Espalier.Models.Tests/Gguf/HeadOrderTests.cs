using Espalier.Models.Gguf;

namespace Espalier.Models.Tests.Gguf;

public sealed class HeadOrderTests
{
    [Fact]
    public void Halves_become_neighbours_within_each_head()
    {
        // Two heads of 6 rows, each row two numbers: its index and that plus a half.
        var source = Enumerable.Range(0, 12).SelectMany(r => new[] { r, r + 0.5f }).ToArray();
        var destination = new float[24];

        HeadOrder.Interleave(source, destination, headDim: 6, width: 2);

        Assert.Equal([0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11], destination.Where((_, i) => i % 2 == 0));
        Assert.Equal([0.5f, 3.5f, 1.5f, 4.5f], destination.Where((_, i) => i % 2 == 1).Take(4));
    }

    [Fact]
    public void Llama_3_factors_keep_short_wavelengths_and_divide_long_ones()
    {
        // Worked by hand for theta 500000, H 12, 128 positions, factors 8, 1, 4: wavelengths 6.283, 55.977, 498.7, ...;
        // 55.977 lies between 32 and 128: t = (128/55.977 - 1)/3 = 0.428887, divisor 1/((1 - t)/8 + t) = 1.998896.
        var factors = RotaryFactors.Of(new RotaryScaling.Llama3(8, 1, 4, 128), 500000, 12);

        Assert.Equal(6, factors.Length);
        Assert.Equal(1f, factors[0]);
        Assert.Equal(1.998896f, factors[1], 5);
        Assert.All(factors[2..], f => Assert.Equal(8f, f));
    }
}
