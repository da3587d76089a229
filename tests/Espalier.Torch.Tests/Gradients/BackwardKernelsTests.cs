namespace Espalier.Torch.Tests.Gradients;

/// <summary>
/// Gradients by the kernels, in float32, against gradients through the plain twins, in float64, whose rules finite differences guard.
/// </summary>
public abstract class BackwardKernelsTests(int bits) : KernelTest(bits)
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 15)]
    [InlineData(5, 16)]
    [InlineData(2, 33)]
    [InlineData(700, 64)]
    [InlineData(0, 8)]
    public void Norms(int rows, int width)
    {
        using var scope = TensorScope.Begin();
        var (x, w, b) = (Values(1, rows, width).Mul(5), Values(2, width).Add(0.6), Values(3, width));
        AssertSame([x, w], v => v[0].RmsNormByParts(v[1], 1e-5), v => v[0].RmsNorm(v[1], 1e-5), 2e-5);
        AssertSame([x, w, b], v => v[0].LayerNorm1pByParts(v[1], v[2], 1e-3), v => v[0].LayerNorm1p(v[1], v[2], 1e-3), 3e-5);
        AssertSame([x, w, b], v => v[0].LayerNormOfLibtorch(v[1], v[2], 1e-3), v => v[0].LayerNorm(v[1], v[2], 1e-3), 3e-5);
    }

    [Theory]
    [InlineData(2, 3, 4, 8, 4)]
    [InlineData(1, 5, 2, 33, 16)]
    [InlineData(2, 9, 3, 40, 18)]
    public void Rotary(int samples, int positions, int heads, int width, int half)
    {
        using var scope = TensorScope.Begin();
        var x = Values(1, samples, positions, heads, width);
        var (cos, sin) = (Values(2, samples, positions, 1, half), Values(3, samples, positions, 1, half));
        AssertSame([x], v => v[0].RotateByParts(cos, sin), v => v[0].Rotate(Single(cos), Single(sin)), 1e-6);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(10_003)]
    public void Activations(int count)
    {
        using var scope = TensorScope.Begin();
        var (gate, up) = (Values(1, count).Mul(40), Values(2, count).Add(0.3));
        AssertSame([gate, up], v => v[0].SiluMulByParts(v[1]), v => v[0].SiluMul(v[1]), 1e-5);
        AssertSame([gate.Mul(0.2).Detach(), up], v => v[0].GeluMulByParts(v[1]), v => v[0].GeluMul(v[1]), 1e-5);
        AssertSame([gate.Mul(0.2).Detach()], v => v[0].GeluByParts(), v => v[0].Gelu(), 1e-5);
        AssertSame([gate], v => v[0].SquaredReluByParts(), v => v[0].SquaredRelu(), 1e-6);
    }

    [Fact]
    public void The_gated_unit_is_finite_as_far_as_floats_go()
    {
        using var scope = TensorScope.Begin();
        var gate = Tensor.From<float>([-3e38f, -100, -87.5f, 0, 88.5f, 3e38f, 1e-42f], 7);
        gate.RequiresGrad = true;
        gate.SiluMul(Tensor.Full(1, DType.Float32, 7)).Backward(Tensor.Full(1, DType.Float32, 7));
        Assert.Equal([0, 0, 0, 0.5f, 1, 1, 0.5f], gate.Grad()!.ToArray<float>().Select(value => Math.Abs(value) < 1e-33f ? 0 : value));
        gate.SetGrad(null);
        gate.GeluMul(Tensor.Full(1, DType.Float32, 7)).Backward(Tensor.Full(1, DType.Float32, 7));
        Assert.Equal([0, 0, 0, 0.5f, 1, 1, 0.5f], gate.Grad()!.ToArray<float>().Select(value => Math.Abs(value) < 1e-33f ? 0 : value));
        gate.SetGrad(null);
        gate.Gelu().Backward(Tensor.Full(1, DType.Float32, 7));
        Assert.Equal([0, 0, 0, 0.5f, 1, 1, 0.5f], gate.Grad()!.ToArray<float>().Select(value => Math.Abs(value) < 1e-33f ? 0 : value));
        gate.SetGrad(null);
    }

    [Theory]
    [InlineData(1, 1, 1, 1, 1, 3, null, false)]
    [InlineData(2, 64, 64, 4, 2, 32, null, false)]
    [InlineData(2, 70, 70, 4, 2, 20, 33, true, 1.5)]
    [InlineData(1, 130, 400, 6, 2, 80, null, false, 30.0)]
    [InlineData(1, 5, 300, 4, 2, 24, null, false)]
    [InlineData(1, 130, 400, 6, 2, 80, null, false)]
    [InlineData(1, 300, 300, 2, 2, 16, 100, false)]
    [InlineData(1, 70, 150, 4, 1, 48, 7, false)]
    [InlineData(1, 33, 33, 4, 4, 16, 1, false)]
    [InlineData(2, 290, 290, 2, 1, 20, null, true)]
    [InlineData(2, 100, 100, 2, 1, 33, 9, true)]
    [InlineData(0, 4, 4, 2, 1, 8, null, false)]
    public void Attention(int samples, int queries, int keys, int heads, int keyHeads, int width, int? window, bool packed,
        double? cap = null)
    {
        using var scope = TensorScope.Begin();
        var places = packed ? Enumerable.Range(0, samples * queries).Select(i => (long)(i % queries) % (17 + 60 * (i / queries))).ToArray()
            : null;
        var begins = places is null ? null : Tensor.From<long>([.. places.Select((place, i) => i % queries - place)], samples, queries);
        // Heads before positions in memory, as a cache has them; of a wider projection, whose heads are some of its columns.
        var q = Values(1, samples, queries, heads, width).Mul(6);
        var k = Values(2, samples, keys, keyHeads, width);
        var v = Values(3, samples, keys, keyHeads, width).Mul(2);
        var scale = 1 / Math.Sqrt(width);
        AssertSame([q, k, v], x => Twins.Attention(x[0], x[1], x[2], scale, window, places, cap),
            x => x[0].CausalAttention(x[1], x[2], scale, window, begins, cap), 2e-5);
        AssertSame(
            [q, k, v], x => Twins.Attention(x[0], x[1], x[2], scale, window, places, cap),
            x => Apart(x[0]).CausalAttention(Apart(x[1]), Apart(x[2]), scale, window, begins, cap), 2e-5);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 5)]
    [InlineData(50, 33)]
    [InlineData(9, 256)]
    public void Tables(int vocabulary, int width)
    {
        using var scope = TensorScope.Begin();
        var table = Values(1, vocabulary, width);
        var ids = Tensor.From<long>([.. Enumerable.Range(0, 60).Select(i => (long)(i * i % vocabulary))], 4, 15);
        AssertSame([table], v => v[0].EmbeddingByParts(ids), v => v[0].Embedding(ids), 1e-6);
        // Onto a gradient that is there already, and after an operation.
        AssertSame(
            [table], v => v[0].EmbeddingByParts(ids).Add(v[0].Square().Sum()), v => v[0].Embedding(ids).Add(v[0].Square().Sum()), 1e-6);
        AssertSame([table], v => v[0].Mul(3).EmbeddingByParts(ids), v => v[0].Mul(3).Embedding(ids), 1e-6);
        var none = Tensor.Zeros(DType.Int64, 0);
        AssertSame([table], v => v[0].EmbeddingByParts(none), v => v[0].Embedding(none), 0);
    }

    [Fact]
    public void A_table_s_gradient_is_added_to_where_it_lies()
    {
        using var scope = TensorScope.Begin();
        var table = Single(Values(1, 6, 4));
        table.RequiresGrad = true;
        var before = Tensor.Full(1, DType.Float32, 6, 4);
        table.SetGrad(before);
        table.Embedding(Tensor.From<long>([5, 5], 2)).Sum().Backward();
        Assert.Equal([.. Enumerable.Repeat(1f, 20), 3, 3, 3, 3], before.ToArray<float>());
        table.SetGrad(null);
    }

    [Fact]
    public void Huge_scores_leave_gradients_finite()
    {
        using var scope = TensorScope.Begin();
        var (q, k, v) = (Values(1, 1, 40, 2, 8).Mul(1e6), Values(2, 1, 40, 1, 8).Mul(1e6), Values(3, 1, 40, 1, 8));
        Assert.All(Gradients([q, k, v], DType.Float32, x => x[0].CausalAttention(x[1], x[2], 1, null)), g => Assert.True(g.AllFinite()));
    }

    [Fact]
    public void The_number_of_threads_does_not_show()
    {
        using var scope = TensorScope.Begin();
        var (q, k) = (Values(1, 3, 300, 4, 32), Values(2, 3, 300, 2, 32));
        var (x, w) = (Values(3, 900, 37), Values(4, 37));
        float[] All() =>
        [
            .. Flat(Gradients([q, k, k], DType.Float32, v => v[0].CausalAttention(v[1], v[2], 0.2, 90))),
            .. Flat(Gradients([q, q], DType.Float32, v => v[0].SiluMul(v[1]))),
            .. Flat(Gradients([q, q], DType.Float32, v => v[0].GeluMul(v[1]))),
            .. Flat(Gradients([x, w], DType.Float32, v => v[0].RmsNorm(v[1], 1e-5))),
            .. Flat(Gradients([x, w, w], DType.Float32, v => v[0].LayerNorm1p(v[1], v[2], 1e-5))),
        ];
        Twins.AssertThreadsDoNotShow(All);
    }

    private static IEnumerable<float> Flat(Tensor[] tensors) => tensors.SelectMany(tensor => tensor.ToArray<float>());

    private static Tensor Apart(Tensor x) => x.Transpose(1, 2).Contiguous().Transpose(1, 2);

    // The sum of the results, each times a number of its own, and back.
    private static Tensor[] Gradients(Tensor[] inputs, DType dtype, Func<Tensor[], Tensor> forward)
    {
        var leaves = Array.ConvertAll(inputs, input => input.To(dtype));
        foreach (var leaf in leaves)
            leaf.RequiresGrad = true;
        var y = forward(leaves);
        y.Backward(Values(9, y.Shape.ToArray()).To(dtype));
        return Array.ConvertAll(leaves, leaf =>
        {
            var gradient = leaf.Grad()!;
            leaf.SetGrad(null);
            return gradient;
        });
    }

    private static void AssertSame(Tensor[] inputs, Func<Tensor[], Tensor> twin, Func<Tensor[], Tensor> kernel, double tolerance)
    {
        using var inner = TensorScope.Begin();
        var (expected, actual) = (Gradients(inputs, DType.Float64, twin), Gradients(inputs, DType.Float32, kernel));
        for (var i = 0; i < inputs.Length; i++)
        {
            Assert.Equal(inputs[i].Shape.ToArray(), actual[i].Shape.ToArray());
            // Against the largest: a gradient is a sum, whose rounding is that of its terms.
            var most = Math.Max(1, expected[i].Abs().Largest());
            foreach (var (a, b) in expected[i].ToArray<double>().Zip(actual[i].To(DType.Float64).ToArray<double>()))
                Assert.True(Math.Abs(a - b) <= tolerance * most, $"gradient {i}: {b} is not {a} (largest {most})");
        }
    }

    private static Tensor Single(Tensor x) => x.To(DType.Float32);

    private static Tensor Values(int seed, params long[] shape) => Twins.Values(seed, shape);
}

public sealed class BackwardKernels512() : BackwardKernelsTests(512);

public sealed class BackwardKernels256() : BackwardKernelsTests(256);

public sealed class BackwardKernels128() : BackwardKernelsTests(128);
