using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Tests.Kernels;

/// <summary>The exponentials of every width, against float64 on all kinds of numbers.</summary>
public sealed unsafe class ExponentialTests
{
    // Numbers between which each 1,013th float is taken: some millions.
    private const int Step = 1013;

    [Fact]
    public void Powers_of_e_and_of_two_are_within_two_units_in_the_last_place_in_every_width()
    {
        Check<Floats128>();
        Check<Floats256>();
        Check<Floats512>();
    }

    [Fact]
    public void What_is_not_finite_or_far_below_is_as_the_functions_have_it()
    {
        Ends<Floats128>();
        Ends<Floats256>();
        Ends<Floats512>();
    }

    private static void Check<TV>() where TV : unmanaged, IFloats<TV>
    {
        foreach (var sign in (ReadOnlySpan<float>)[1, -1])
            for (var bits = BitConverter.SingleToInt32Bits(1e-8f); bits < BitConverter.SingleToInt32Bits(126f); bits += Step)
            {
                var x = sign * BitConverter.Int32BitsToSingle(bits);
                if (Math.Abs(x) < 87)
                    Near(Math.Exp(x), Of(TV.Exponential(TV.All(x))), x);
                Near(Math.Pow(2, x), Of(TV.ExponentialOfTwo(TV.All(x))), x);
            }
    }

    private static void Ends<TV>() where TV : unmanaged, IFloats<TV>
    {
        Assert.Equal(0, Of(TV.ExponentialOfTwo(TV.All(float.NegativeInfinity))));
        Assert.Equal(0, Of(TV.ExponentialOfTwo(TV.All(-1e30f))));
        Assert.Equal(0, Of(TV.ExponentialOfTwo(TV.All(-151f))));
        Assert.Equal(1, Of(TV.ExponentialOfTwo(TV.All(0))));
        Assert.True(float.IsNaN(Of(TV.ExponentialOfTwo(TV.All(float.NaN)))));
        Assert.Equal(0, Of(TV.Exponential(TV.All(float.NegativeInfinity))));
        Assert.True(float.IsPositiveInfinity(Of(TV.Exponential(TV.All(float.PositiveInfinity)))));
        Assert.True(float.IsNaN(Of(TV.Exponential(TV.All(float.NaN)))));
    }

    private static void Near(double right, float found, float x) =>
        Assert.True(Math.Abs(found - right) <= 2 * (MathF.BitIncrement((float)right) - (double)(float)right),
            $"{found} of {x}, it is {right}");

    private static float Of<TV>(TV value) where TV : unmanaged, IFloats<TV>
    {
        var lanes = stackalloc float[TV.Lanes];
        value.Store(lanes);
        return lanes[TV.Lanes - 1];
    }
}
