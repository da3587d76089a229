using Espalier.Torch.Kernels.Elements;
using Espalier.Torch.Mamba;

namespace Espalier.Torch.Tests.Kernels;

/// <summary>The kernels of the forward pass against the same out of libtorch's operators, in float64.</summary>
public abstract class ForwardOperatorsTests(int bits) : KernelTest(bits)
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 15)]
    [InlineData(5, 16)]
    [InlineData(2, 33)]
    [InlineData(700, 256)]
    [InlineData(0, 8)]
    public void The_norm_gives_what_its_parts_give(int rows, int width)
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        var (x, weight) = (Values(rows, width).Mul(20), Values(width).Add(1));
        AssertNear(x.RmsNormByParts(weight, 1e-5), Single(x).RmsNorm(Single(weight), 1e-5), 1e-6);
    }

    [Theory]
    [InlineData(2, 3, 4, 8, 4)]
    [InlineData(1, 5, 2, 33, 16)]
    [InlineData(2, 9, 3, 40, 18)]
    [InlineData(1, 1, 1, 2, 1)]
    [InlineData(2, 4, 2, 128, 64)]
    public void Heads_turn_as_by_parts(int samples, int positions, int heads, int width, int half)
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        // Of a wider projection, whose heads are some of its columns.
        var x = Values(samples, positions, heads + 2, width).Slice(2, 1, heads + 1);
        foreach (var (cos, sin) in new[]
        {
            (Values(positions, 1, half), Values(positions, 1, half).Mul(2)),
            (Values(samples, positions, 1, half), Values(samples, positions, 1, half).Mul(2)),
        })
            AssertNear(x.RotateByParts(cos, sin), Single(x).Rotate(Single(cos), Single(sin)), 1e-6);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(10_003)]
    public void The_gated_units_give_what_their_parts_give(int count)
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        var (gate, up) = (Values(count).Mul(40), Values(count).Add(0.3));
        AssertNear(gate.SiluMulByParts(up), Single(gate).SiluMul(Single(up)), 1e-5);
        gate = gate.Mul(0.2);
        AssertNear(gate.GeluMulByParts(up), Single(gate).GeluMul(Single(up)), 1e-5);
    }

    [Fact]
    public void The_gated_unit_is_finite_as_far_as_floats_go()
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        var y = Tensor.From<float>([-3e38f, -100, -87.5f, 0, 88.5f, 3e38f, float.NaN], 7).SiluMul(Tensor.Full(1, DType.Float32, 7))
            .ToArray<float>();
        Assert.Equal([0, 0, 0, 0, 88.5f, 3e38f], y[..6].Select(value => Math.Abs(value) < 1e-33f ? 0 : value));
        Assert.True(float.IsNaN(y[6]));
        y = Tensor.From<float>([-3e38f, -100, -16, 0, 16, 3e38f, float.NaN], 7).GeluMul(Tensor.Full(1, DType.Float32, 7))
            .ToArray<float>();
        Assert.Equal([0, 0, 0, 0, 16, 3e38f], y[..6].Select(value => Math.Abs(value) < 1e-33f ? 0 : value));
        Assert.True(float.IsNaN(y[6]));
    }

    /// <summary>Values of torch.nn.functional.gelu(x, approximate='tanh') in float64.</summary>
    [Fact]
    public void The_gelu_is_the_one_with_tanh()
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        double[] x = [-3, -1, -0.5, 0.25, 1, 2.5];
        double[] expected =
            [-0.0036373920817729943, -0.15880800939172324, -0.15428599017485606, 0.149675350701685, 0.8411919906082768, 2.484915733910001];
        var one = Tensor.Full(1, DType.Float64, 6);
        var (wide, narrow) = (Tensor.From<double>(x, 6).GeluMul(one), Single(Tensor.From<double>(x, 6)).GeluMul(Single(one)));
        for (var i = 0; i < x.Length; i++)
        {
            Assert.Equal(expected[i], wide.ToArray<double>()[i], 1e-14);
            Assert.Equal(expected[i], narrow.ToArray<float>()[i], 1e-6);
        }
    }

    [Theory]
    [InlineData(1, 1, 1, 1, 1, 3, null)]
    [InlineData(2, 256, 256, 8, 4, 32, null)]
    [InlineData(1, 5, 700, 4, 2, 24, null)]
    [InlineData(2, 300, 1300, 6, 2, 80, null)]
    [InlineData(1, 513, 513, 2, 2, 128, 100)]
    [InlineData(2, 70, 600, 4, 2, 20, 515, 2.0)]
    [InlineData(1, 700, 1500, 4, 1, 48, 7)]
    [InlineData(1, 33, 33, 4, 4, 16, 5)]
    [InlineData(1, 600, 600, 2, 1, 20, 1)]
    [InlineData(3, 17, 1030, 2, 2, 64, 515)]
    [InlineData(0, 4, 4, 2, 1, 8, null)]
    public void Attention_gives_what_the_softmax_of_all_scores_gives(int samples, int queries, int keys, int heads, int keyHeads, int width,
        int? window, double? cap = null)
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        var q = Values(samples, queries, heads, width).Mul(6);
        var k = Values(samples, keys, keyHeads + 1, width).Slice(2, 1, keyHeads + 1);
        var v = Values(samples, keys, keyHeads, width).Mul(2);
        var scale = 1 / Math.Sqrt(width);
        AssertNear(Twins.Attention(q, k, v, scale, window, cap: cap),
            Single(q).CausalAttention(Single(k), Single(v), scale, window, cap: cap), 1e-5);
    }

    [Fact]
    public void What_is_not_finite_in_a_query_reaches_its_own_row_alone()
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        var q = Single(Values(1, 20, 2, 8));
        q.Slice(1, 3, 4).FillInPlace(double.NaN);
        var y = q.CausalAttention(Single(Values(1, 20, 1, 8)), Single(Values(1, 20, 1, 8)), 0.3, null);
        Assert.True(y.Slice(1, 3, 4).ToArray<float>().All(float.IsNaN));
        Assert.True(y.Slice(1, 0, 3).ToArray<float>().All(float.IsFinite));
        Assert.True(y.Slice(1, 4, 20).ToArray<float>().All(float.IsFinite));
    }

    [Theory]
    [InlineData(3, 2)]
    [InlineData(5, 4099)]
    [InlineData(2, 1024)]
    [InlineData(40, 15)]
    public void The_loss_of_a_token_is_what_its_parts_give(int rows, int vocabulary)
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        var logits = Values(rows, vocabulary).Mul(60);
        var targets = Tensor.From<long>(Enumerable.Range(0, rows).Select(row => (long)(row * 7919 % vocabulary)).ToArray(), rows);
        AssertNear(logits.TokenNllByParts(targets), Single(logits).TokenNll(targets), 1e-5);
    }

    [Fact]
    public void The_number_of_threads_does_not_show()
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        var (q, k) = (Single(Values(3, 300, 4, 32)), Single(Values(3, 300, 2, 32)));
        float[] All() =>
        [
            .. q.CausalAttention(k, k, 0.2, 90).ToArray<float>(), .. q.SiluMul(q).ToArray<float>(), .. q.GeluMul(q).ToArray<float>(),
            .. q.RmsNorm(Tensor.Full(2, DType.Float32, 32), 1e-5).ToArray<float>(),
            .. q.View(-1, 32).TokenNll(Tensor.Zeros(DType.Int64, 3600)).ToArray<float>(),
        ];
        Twins.AssertThreadsDoNotShow(All);
    }

    [Theory]
    [InlineData(0, 5, 0)]
    [InlineData(0, -1, 0)]
    [InlineData(0, 1, 0)]
    public void Documents_that_begin_after_a_token_or_before_the_text_or_go_back_are_errors(long first, long second, long third)
    {
        using var scope = TensorScope.Begin();
        var begins = Tensor.From<long>([0, 0, 0, first, second, third], 2, 3);
        Tensor q = Single(Values(2, 3, 2, 8)), x = q.View(2, 3, 16), taps = Single(Values(16, 4));
        foreach (var act in new Func<Tensor>[]
        {
            () => q.CausalAttention(q, q, 1, null, begins), () => x.CausalConvolution(taps, null, begins),
        })
            Assert.Contains("a document of sample 1 begins at", Assert.Throws<TorchException>(act).Message);
        var later = Tensor.From<long>([1, 4, 5], 1, 3);
        var (k, one) = (Single(Values(1, 6, 2, 8)), q.Slice(0, 0, 1));
        Assert.Equal([1, 3, 2, 8], one.CausalAttention(k, k, 1, null, later).Shape.ToArray());
    }

    [Fact]
    public void Other_shapes_and_ids_are_errors_that_say_what_was_there()
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        var (q, k) = (Single(Values(1, 4, 3, 8)), Single(Values(1, 4, 2, 8)));
        Assert.Contains("3 query heads and 2 key heads", Assert.Throws<TorchException>(() => q.CausalAttention(k, k, 1, null)).Message);
        Assert.Contains("4 queries and 2 keys",
            Assert.Throws<TorchException>(() => k.CausalAttention(k.Slice(1, 0, 2), k.Slice(1, 0, 2), 1, null)).Message);
        Assert.Contains("window", Assert.Throws<TorchException>(() => k.CausalAttention(k, k, 1, 0)).Message);
        Assert.Contains("the same shape", Assert.Throws<TorchException>(() => q.SiluMul(k)).Message);
        Assert.Contains("gelu_mul", Assert.Throws<TorchException>(() => q.GeluMul(k)).Message);
        Assert.Contains("last dimension", Assert.Throws<TorchException>(() => q.RmsNorm(Tensor.Full(1, DType.Float32, 4), 1e-5)).Message);
        Assert.Contains("tables", Assert.Throws<TorchException>(() => q.Rotate(Single(Values(4, 1, 5)), Single(Values(4, 1, 5)))).Message);
        Assert.Contains("the same shape", Assert.Throws<TorchException>(() => UnitKernel<SquaredReluUnit>.Backward(q, k)).Message);
        Assert.Contains("weight and bias",
            Assert.Throws<TorchException>(() => q.LayerNorm1p(Single(Values(8)), Single(Values(9)), 1)).Message);
        Assert.Contains("target 9 at 0",
            Assert.Throws<TorchException>(() => Single(Values(1, 9)).TokenNll(Tensor.From<long>([9], 1))).Message);
    }

    [Theory]
    [InlineData(3, 15)]
    [InlineData(2, 16)]
    [InlineData(5, 70)]
    [InlineData(0, 8)]
    public void The_layer_norm_and_the_squared_rectifier_give_what_their_parts_give(int rows, int width)
    {
        using var scope = TensorScope.Begin();
        var (x, weight, bias) = (Values(rows, width).Mul(20).Add(3), Values(width), Values(width).Mul(2));
        AssertNear(x.LayerNorm1pByParts(weight, bias, 1e-5), Single(x).LayerNorm1p(Single(weight), Single(bias), 1e-5), 3e-6);
        AssertNear(x.LayerNormOfLibtorch(weight, bias, 1e-5), Single(x).LayerNorm(Single(weight), Single(bias), 1e-5), 3e-6);
        AssertNear(x.GeluByParts(), Single(x).Gelu(), 1e-5);
        AssertNear(x.GeluByParts(), x.To(DType.BFloat16).Gelu(), 0.01);
        AssertNear(x.SquaredReluByParts(), Single(x).SquaredRelu(), 1e-6);
        Assert.True(float.IsNaN(Tensor.Full(double.NaN, DType.Float32, 17).SquaredRelu().ToArray<float>()[16]));
    }

    private static Tensor Single(Tensor x) => x.To(DType.Float32);

    private static Tensor Values(params long[] shape)
    {
        var random = new Random(1);
        return Tensor.From<double>(Enumerable.Range(0, (int)shape.Aggregate((a, b) => a * b))
            .Select(_ => (double)(float)(random.NextDouble() - 0.5)).ToArray(), shape);
    }

    private static void AssertNear(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.Shape.ToArray(), actual.Shape.ToArray());
        foreach (var (a, b) in expected.Reshape(-1).ToArray<double>().Zip(actual.To(DType.Float64).Reshape(-1).ToArray<double>()))
            Assert.True(Math.Abs(a - b) <= tolerance * Math.Max(1, Math.Abs(a)), $"{b} is not {a}");
    }
}

public sealed class ForwardOperators512() : ForwardOperatorsTests(512);

public sealed class ForwardOperators256() : ForwardOperatorsTests(256);

public sealed class ForwardOperators128() : ForwardOperatorsTests(128);
