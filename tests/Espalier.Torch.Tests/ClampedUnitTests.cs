using static Espalier.Torch.Tests.Twins;

namespace Espalier.Torch.Tests;

/// <summary>The gated unit that cuts off what it reads, forward and back.</summary>
public abstract class ClampedUnitTests(int bits) : KernelTest(bits)
{
    // What torch gives in float64 for clamp, sigmoid and product, and its gradients of the sum.
    private static readonly double[] s_gates = [-3, -0.5, 0.25, 2, 6.9, 7.1, 30, 1, 1, 1];
    private static readonly double[] s_ups = [0.5, -2, 1, -1, 3, 3, -3, -9, 6.5, 9];
    private static readonly double[] s_values =
    [
        -0.027106964561678954, 0.1496115633936199, 0.3023992998003884, 0.0, 27.599780902159065,
        27.99981251321327, -13.999906256606636, -5.074774595596928, 6.343468244496159, 6.76636612746257,
    ];
    private static readonly double[] s_ofGates =
    [
        -0.036822485858478526, -0.12077808803458576, 1.4130008819485338, 0.0, 4.000341148254756,
        0.0, 0.0, -6.406677639338005, 8.008347049172505, 8.542236852450673,
    ];
    private static readonly double[] s_ofUps =
    [
        -0.01807130970778597, -0.1496115633936199, 0.1511996499001942, 1.9356586231442083, 6.899945225539766,
        6.999953128303318, 6.999953128303318, 0.0, 0.8457957659328212, 0.0,
    ];

    [Theory]
    [InlineData(DType.Float64, 1e-14)]
    [InlineData(DType.Float32, 2e-5)]
    [InlineData(DType.BFloat16, 0.2)]
    public void The_reference_s_values_and_gradients(DType type, double tolerance)
    {
        using var scope = TensorScope.Begin();
        var leaves = Leaves(type, Tensor.From<double>(s_gates, 10), Tensor.From<double>(s_ups, 10));
        var y = leaves[0].ClampedSiluMul(leaves[1], 7);
        y.Sum().Backward();
        foreach (var (expected, actual) in new[] { (s_values, y), (s_ofGates, leaves[0].Grad()!), (s_ofUps, leaves[1].Grad()!) })
            Assert.All(expected.Zip(actual.To(DType.Float64).ToArray<double>()), pair => Assert.Equal(pair.First, pair.Second, tolerance));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(10_003)]
    public void Kernel_and_parts_are_the_same(int count)
    {
        using var scope = TensorScope.Begin();
        // Both sides of the limit, which few are near.
        var (gate, up) = (Values(1, count).Mul(12), Values(2, count).Mul(9));
        Compare(x => x[0].ClampedSiluMulByParts(x[1], 2.5), x => x[0].ClampedSiluMul(x[1], 2.5), 1e-5, 2e-5, gate, up);
        AssertNear(gate.To(DType.BFloat16).To(DType.Float64).ClampedSiluMulByParts(up.To(DType.BFloat16).To(DType.Float64), 2.5),
            gate.To(DType.BFloat16).ClampedSiluMul(up.To(DType.BFloat16), 2.5), 0.01);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(0.4)]
    public void Gradients_are_the_finite_differences(double limit)
    {
        using var scope = TensorScope.Begin();
        var leaves = Leaves(DType.Float64, Values(1, 9).Mul(20), Values(2, 9).Mul(20));
        var slopes = Values(3, 9);
        Tensor Loss() => leaves[0].ClampedSiluMul(leaves[1], limit).Mul(slopes).Sum();
        Loss().Backward();
        using var noGrad = GradMode.Disable();
        foreach (var leaf in leaves)
        {
            var (values, gradient) = (leaf.ToArray<double>(), leaf.Grad()!.ToArray<double>());
            for (var i = 0; i < values.Length; i++)
            {
                double At(double value)
                {
                    double[] changed = [.. values];
                    changed[i] = value;
                    leaf.CopyFrom<double>(changed);
                    return Loss().Item();
                }
                Assert.Equal((At(values[i] + 1e-5) - At(values[i] - 1e-5)) / 2e-5, gradient[i], 1e-7);
                At(values[i]);
            }
        }
    }

    [Fact]
    public void It_is_finite_as_far_as_floats_go_and_what_is_no_number_stays_so()
    {
        using var scope = TensorScope.Begin();
        var gate = Tensor.From<float>([-3e38f, -100, 0, 3e38f, float.PositiveInfinity, float.NaN, 1], 7);
        var up = Tensor.From<float>([1, 1, 3e38f, -3e38f, float.NegativeInfinity, 1, float.NaN], 7);
        (gate.RequiresGrad, up.RequiresGrad) = (true, true);
        var y = gate.ClampedSiluMul(up, 7);
        y.Sum().Backward();
        Assert.Equal([0, 0, 0, -42, -42, float.NaN, float.NaN], Rounded(y));
        Assert.Equal([0, 0, 4, 0, 0, float.NaN, float.NaN], Rounded(gate.Grad()!));
        Assert.Equal([0, 0, 0, 0, 0, float.NaN], Rounded(up.Grad()!)[..6]);

        float[] Rounded(Tensor x) => [.. x.ToArray<float>().Select(value => MathF.Round(value, 3) + 0f)];
    }

    [Fact]
    public void Other_shapes_and_limits_are_refused()
    {
        using var scope = TensorScope.Begin();
        Tensor x = Values(1, 4).To(DType.Float32), wider = Values(1, 5).To(DType.Float32);
        Assert.Contains("the same shape", Assert.Throws<TorchException>(() => x.ClampedSiluMul(wider, 7)).Message);
        Assert.Contains("both must be", Assert.Throws<TorchException>(() => x.ClampedSiluMul(x.To(DType.BFloat16), 7)).Message);
        Assert.Contains("above 0", Assert.Throws<TorchException>(() => x.ClampedSiluMul(x, 0)).Message);
        using RowBuffer rows = new(1, 4), others = new(1, 5);
        Assert.Contains("values of 5", Assert.Throws<TorchException>(() => RowOps.ClampedSiluMul(rows, others, 1, 7)).Message);
    }
}

/// <summary>By vectors of 512 bits.</summary>
public sealed class ClampedUnit512() : ClampedUnitTests(512);

/// <summary>Of 256.</summary>
public sealed class ClampedUnit256() : ClampedUnitTests(256);

/// <summary>Of 128.</summary>
public sealed class ClampedUnit128() : ClampedUnitTests(128);
