using Espalier.Models.Gguf.Architectures;

namespace Espalier.Models.Tests.Gguf.Architectures;

public sealed class RotaryFactorsTests
{
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

    [Fact]
    public void Yarn_factors_blend_between_the_two_betas()
    {
        // By hand for theta 500000, H 12, 128 positions: beta 1 lies at pair 1.38, down to 1; beta 0.1 at 2.43, up to 3;
        // pair 2 is half way: 1/(0.5/8 + 0.5) = 1.777778.
        var scaling = new RotaryScaling.Yarn(8, 1, 0.1, 128, 1);

        Assert.False(RotaryFactors.HasKeys(scaling, new LlamaArchitecture()));
        Assert.Equal([1f, 1f, 1.777778f, 8f, 8f, 8f], RotaryFactors.Of(scaling, 500000, 12).Select(f => MathF.Round(f, 6)));
    }
}
