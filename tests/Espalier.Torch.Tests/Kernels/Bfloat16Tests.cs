namespace Espalier.Torch.Tests.Kernels;

/// <summary>
/// Kernels that read or write bfloat16 against the same kernel in float32 with operands and result rounded by libtorch: computed is in
/// float32 both times, so that they agree to the bit or to one rounding.
/// </summary>
public abstract class Bfloat16Tests(int bits) : KernelTest(bits)
{
    // One unit in the last place of bfloat16, where a sum in another order falls on the other side of a tie.
    private const double OneUnit = 1.0 / 128;

    [Fact]
    public void Every_number_of_bfloat16_is_widened_as_libtorch_widens_it()
    {
        using var scope = TensorScope.Begin();
        var bytes = new byte[2 * 65536];
        for (var i = 0; i < 65536; i++)
            (bytes[2 * i], bytes[2 * i + 1]) = ((byte)i, (byte)(i >> 8));
        var all = Tensor.FromBytes(bytes, DType.BFloat16, 65536);
        var got = Tensor.Zeros(DType.Float32, 65536).AddBfloat16(all).ToArray<float>();
        var expected = all.To(DType.Float32).ToArray<float>();
        for (var i = 0; i < got.Length; i++)
            Assert.True(got[i] == expected[i]
                || (float.IsNaN(got[i]) && float.IsNaN(expected[i])), $"{i:x4}: {got[i]} and not {expected[i]}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(100_003)]
    public void Rounding_goes_to_the_nearest_and_of_two_to_the_even_one(int count)
    {
        using var scope = TensorScope.Begin();
        // Turned by nothing, a head comes back as it is: rounded alone.
        var random = new Random(count);
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = i % 7 == 0 ? BitConverter.UInt32BitsToSingle(0x3f808000u + (uint)(i << 16 & 0x7f0000))
                : BitConverter.Int32BitsToSingle(random.Next());
        float[] special = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, float.MaxValue, -0f, 1e-45f,
            BitConverter.UInt32BitsToSingle(0x7f800001)];
        special.AsSpan(0, Math.Min(special.Length, count)).CopyTo(values);
        var x = Tensor.From<float>(values, 1, 1, 1, count).To(DType.BFloat16);
        x.RequiresGrad = true;
        var (cos, sin) = (Tensor.Full(1, DType.Float32, 1, 1, 0), Tensor.Full(0, DType.Float32, 1, 1, 0));
        x.Rotate(cos, sin).Backward(Tensor.From<float>(values, 1, 1, 1, count));
        AssertBits(Tensor.From<float>(values, 1, 1, 1, count).To(DType.BFloat16), x.Grad()!);
        x.SetGrad(null);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 15)]
    [InlineData(5, 33)]
    [InlineData(300, 64)]
    [InlineData(0, 8)]
    public void Norms_write_and_take_back_bfloat16(int rows, int width)
    {
        using var scope = TensorScope.Begin();
        var (x, w, g) = (Single(1, rows, width), Single(2, width), Single(3, rows, width).To(DType.BFloat16));
        AssertBits(x.RmsNorm(w, 1e-5).To(DType.BFloat16), x.RmsNormInBfloat16(w, 1e-5));
        AssertSlopes([x, w], v => v[0].RmsNorm(v[1], 1e-5), g.To(DType.Float32), v => v[0].RmsNormInBfloat16(v[1], 1e-5), g, 0);
    }

    [Theory]
    [InlineData(2, 3, 4, 8, 4)]
    [InlineData(1, 5, 2, 33, 16)]
    [InlineData(2, 9, 3, 40, 20)]
    public void Heads_in_bfloat16_are_turned_into_float32(int samples, int positions, int heads, int width, int half)
    {
        using var scope = TensorScope.Begin();
        // Heads as they lie inside a wider row, as of a product that makes queries, keys and values.
        var rows = Single(1, samples, positions, heads * width + 5).To(DType.BFloat16);
        var x = rows.Slice(-1, 0, heads * width).Reshape(samples, positions, heads, width);
        var (cos, sin, g) = (Single(2, positions, 1, half), Single(3, positions, 1, half), Single(4, samples, positions, heads, width));
        AssertBits(x.To(DType.Float32).Rotate(cos, sin), x.Rotate(cos, sin));
        AssertSlopes([x], v => v[0].To(DType.Float32).Rotate(cos, sin), g, v => v[0].Rotate(cos, sin), g, 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(17)]
    [InlineData(10_003)]
    public void Gated_units_of_bfloat16(int count)
    {
        using var scope = TensorScope.Begin();
        var (gate, up, g) =
            (Single(1, count).Mul(8).To(DType.BFloat16), Single(2, count).To(DType.BFloat16), Single(3, count).To(DType.BFloat16));
        AssertBits(gate.To(DType.Float32).SiluMul(up.To(DType.Float32)).To(DType.BFloat16), gate.SiluMul(up));
        AssertSlopes(
            [gate, up], v => v[0].To(DType.Float32).SiluMul(v[1].To(DType.Float32)), g.To(DType.Float32), v => v[0].SiluMul(v[1]), g, 0);
        AssertBits(gate.To(DType.Float32).GeluMul(up.To(DType.Float32)).To(DType.BFloat16), gate.GeluMul(up));
        AssertSlopes(
            [gate, up], v => v[0].To(DType.Float32).GeluMul(v[1].To(DType.Float32)), g.To(DType.Float32), v => v[0].GeluMul(v[1]), g, 0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(31)]
    [InlineData(20_001)]
    public void The_stream_takes_what_a_layer_adds(int count)
    {
        using var scope = TensorScope.Begin();
        var (x, b, g) = (Single(1, count), Single(2, count).To(DType.BFloat16), Single(3, count));
        AssertBits(x.Add(b.To(DType.Float32)), x.AddBfloat16(b));
        AssertSlopes([x, b], v => v[0].Add(v[1].To(DType.Float32)), g, v => v[0].AddBfloat16(v[1]), g, 0);
        var sum = x.Clone();
        sum.AddBfloat16InPlace(b, 0.5);
        AssertBits(x.Add(b.To(DType.Float32).Mul(0.5)), sum);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 17)]
    [InlineData(5, 1031)]
    [InlineData(0, 9)]
    public void Losses_of_logits_in_bfloat16_are_computed_in_float32(int rows, int vocabulary)
    {
        using var scope = TensorScope.Begin();
        var (s, t) = (Single(1, rows, vocabulary).Mul(6).To(DType.BFloat16), Single(2, rows, vocabulary).Mul(6).To(DType.BFloat16));
        var targets = Tensor.From<long>([.. Enumerable.Range(0, rows).Select(i => (long)(i * 7 % vocabulary))], rows);
        var (wide, narrow) = (s.To(DType.Float32), s.Clone());
        AssertBits(wide.DivergenceInPlace(t.To(DType.Float32), 2), narrow.DivergenceInPlace(t.Clone(), 2));
        AssertBits(wide.To(DType.BFloat16), narrow);
        (wide, narrow) = (s.To(DType.Float32), s.Clone());
        AssertBits(wide.CrossEntropyInPlace(targets), narrow.CrossEntropyInPlace(targets));
        AssertBits(wide.To(DType.BFloat16), narrow);
    }

    [Theory]
    [InlineData(1, 3, 5)]
    [InlineData(7, 16, 33)]
    [InlineData(300, 64, 96)]
    public void A_product_has_its_weights_gradient_in_float32(int rows, int inputs, int outputs)
    {
        using var scope = TensorScope.Begin();
        var (x, w) = (Single(1, 1, rows, inputs).To(DType.BFloat16), Single(2, outputs, inputs));
        var g = Single(4, 1, rows, outputs).To(DType.BFloat16);
        Tensor Wide(Tensor[] v) => v[0].To(DType.Float32).Linear(v[1].To(DType.BFloat16).To(DType.Float32));
        AssertNear(Wide([x, w]), x.LinearInBfloat16(w).To(DType.Float32), OneUnit);
        AssertSlopes([x, w], Wide, g.To(DType.Float32), v => v[0].LinearInBfloat16(v[1]), g, OneUnit);
    }

    [Fact]
    public void The_copy_of_a_weight_follows_it()
    {
        using var scope = TensorScope.Begin();
        var w = Single(1, 3, 5);
        var before = w.InBfloat16();
        Assert.Same(before, w.InBfloat16());
        w.AddInPlace(1);
        AssertBits(w.To(DType.BFloat16), w.InBfloat16());
    }

    [Fact]
    public void Backward_over_a_weight_that_was_changed_is_an_error()
    {
        using var scope = TensorScope.Begin();
        var (x, w) = (Single(1, 4, 5).To(DType.BFloat16), Single(2, 3, 5));
        x.RequiresGrad = true;
        var y = x.LinearInBfloat16(w);
        w.AddInPlace(1);
        Assert.Throws<TorchException>(() => y.Backward(y.OnesLike()));
    }

    private static Tensor Single(int seed, params long[] shape)
    {
        var random = new Random(seed);
        var values = new float[shape.Aggregate(1L, (a, b) => a * b)];
        for (var i = 0; i < values.Length; i++)
            values[i] = (float)(2 * random.NextDouble() - 1);
        return Tensor.From<float>(values, shape);
    }

    private static void AssertSlopes(
        Tensor[] inputs, Func<Tensor[], Tensor> wide, Tensor wideGradient, Func<Tensor[], Tensor> narrow, Tensor gradient, double tolerance)
    {
        Tensor[] Slopes(Func<Tensor[], Tensor> of, Tensor g)
        {
            Tensor[] leaves = [.. inputs.Select(input => input.Clone())];
            foreach (var leaf in leaves)
                leaf.RequiresGrad = true;
            of(leaves).Backward(g);
            Tensor[] slopes = [.. leaves.Select(leaf => leaf.Grad()!.Clone())];
            foreach (var leaf in leaves)
                leaf.SetGrad(null);
            return slopes;
        }
        foreach (var (a, b) in Slopes(wide, wideGradient).Zip(Slopes(narrow, gradient)))
        {
            Assert.Equal(a.DType, b.DType);
            AssertNear(a, b, tolerance);
        }
    }

    private static void AssertNear(Tensor expected, Tensor got, double tolerance)
    {
        if (tolerance == 0)
        {
            AssertBits(expected, got);
            return;
        }
        var (a, b) = (expected.To(DType.Float32).ToArray<float>(), got.To(DType.Float32).ToArray<float>());
        var largest = a.Select(Math.Abs).DefaultIfEmpty().Max();
        Assert.All(a.Zip(b), pair => Assert.InRange(pair.Second, pair.First - tolerance * largest, pair.First + tolerance * largest));
    }

    private static void AssertBits(Tensor expected, Tensor got)
    {
        Assert.Equal(expected.DType, got.DType);
        var (a, b) = (expected.To(DType.Float32).ToArray<float>(), got.To(DType.Float32).ToArray<float>());
        Assert.Equal(a.Length, b.Length);
        for (var i = 0; i < a.Length; i++)
            Assert.True(a[i] == b[i] || (float.IsNaN(a[i]) && float.IsNaN(b[i])), $"{i}: {b[i]:r} and not {a[i]:r}");
    }
}

public sealed class Bfloat16Tests512() : Bfloat16Tests(512);

public sealed class Bfloat16Tests256() : Bfloat16Tests(256);

public sealed class Bfloat16Tests128() : Bfloat16Tests(128);
