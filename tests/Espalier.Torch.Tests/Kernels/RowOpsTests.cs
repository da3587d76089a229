using RowProduct = Espalier.Torch.MatrixProduct<Espalier.Torch.RowBuffer>;

namespace Espalier.Torch.Tests.Kernels;

/// <summary>What generated tokens ask of a decoder, against the same out of libtorch's operators in float64.</summary>
public abstract class RowOpsTests(int bits) : KernelTest(bits)
{
    public static IEnumerable<object[]> Shapes()
    {
        var shapes = new TheoryData<WeightFormat, int, int, int>();
        foreach (var format in Enum.GetValues<WeightFormat>())
            foreach (var (rows, inner, columns) in new[]
            {
                (1, 1, 1), (1, 31, 3), (2, 32, 5), (3, 33, 4), (4, 67, 9), (5, 129, 2), (9, 70, 41), (1, 192, 512), (1, 768, 2049),
                (6, 512, 1030),
                (0, 8, 8), (2, 8, 0), (3, 0, 4),
            })
                shapes.Add(format, rows, inner, columns);
        return shapes;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    internal void Rows_times_packed_weights_are_the_products_with_the_weights_unpacked(WeightFormat format, int rows, int inner,
        int columns)
    {
        using var scope = TensorScope.Begin();
        Tensor x = Single(1, rows, inner), w = Single(2, columns, inner), v = Single(3, columns + 2, inner), bias = Single(4, columns);
        using PackedMatrix one = new(w, format), two = new(v, format);
        using RowBuffer from = RowBuffer.Of(x), plus = RowBuffer.Of(bias.View(1, columns)), to = new(rows + 1, columns),
            also = new(rows, columns + 2);
        to.Tensor.FillInPlace(7);
        RowOps.Product(from, rows, adds: false, new RowProduct(one, plus, to), new RowProduct(two, null, also),
            new RowProduct(two, null, also));
        var expected = Wide(x).MatMul(Wide(one.Unpack()).Transpose(0, 1)).Add(Wide(bias));
        Near(expected, to.Tensor.Slice(0, 0, rows), 1e-5);
        Near(Wide(x).MatMul(Wide(two.Unpack()).Transpose(0, 1)), also.Tensor, 1e-5);
        Assert.All(to.Tensor.Slice(0, rows, rows + 1).ToArray<float>(), value => Assert.Equal(7, value));
        RowOps.Product(from, rows, adds: true, new RowProduct(one, plus, to));
        Near(expected.Mul(2), to.Tensor.Slice(0, 0, rows), 2e-5);
    }

    [Theory]
    [InlineData(WeightFormat.Float32, 0)]
    [InlineData(WeightFormat.BFloat16, 1 / 256.0)]
    [InlineData(WeightFormat.Int8, 0.5 / 127)]
    internal void Packed_weights_are_as_near_as_their_format_allows(WeightFormat format, double share)
    {
        using var scope = TensorScope.Begin();
        // Blocks of very different sizes, one of them empty, and a short last one.
        var w = Single(1, 7, 75).Mul(Tensor.From<float>([1e-4f, 1, 3000, 0, 1e-41f, 5, 2], 7, 1));
        using var packed = new PackedMatrix(w.Transpose(0, 1).Contiguous().Transpose(0, 1), format);
        var (expected, actual) = (w.ToArray<float>(), packed.Unpack().ToArray<float>());
        for (var i = 0; i < expected.Length; i++)
        {
            var (row, block) = (i / 75, i % 75 / 32);
            var largest = format == WeightFormat.Int8
                ? expected.Skip(row * 75 + block * 32).Take(Math.Min(32, 75 - block * 32)).Max(Math.Abs) : Math.Abs(expected[i]);
            Assert.True(Math.Abs(expected[i] - actual[i]) <= share * largest * 1.0001 + 1e-41, $"{actual[i]} is not {expected[i]}");
        }
        Assert.Equal(format switch { WeightFormat.Float32 => 2100, WeightFormat.BFloat16 => 1050, _ => 525 + 7 * 3 * 4 }, packed.Bytes);
        using var rows = new RowBuffer(3, 75);
        RowOps.Embedding(packed, [6, 0, 2], rows);
        Assert.Equal([.. actual[450..], .. actual[..75], .. actual[150..225]], rows.Tensor.ToArray<float>());
    }

    [Theory]
    [InlineData(WeightFormat.Float32)]
    [InlineData(WeightFormat.BFloat16)]
    [InlineData(WeightFormat.Int8)]
    internal void A_rows_bits_do_not_depend_on_the_rows_beside_it_nor_on_threads(WeightFormat format)
    {
        using var scope = TensorScope.Begin();
        Tensor x = Single(1, 7, 333), w = Single(2, 2051, 333);
        using var packed = new PackedMatrix(w, format);
        float[] Rows(int first, int count)
        {
            using RowBuffer from = RowBuffer.Of(x.Slice(0, first, first + count)), to = new(count, 2051);
            RowOps.Product(from, count, adds: false, new RowProduct(packed, null, to));
            return to.Tensor.ToArray<float>();
        }

        var all = Rows(0, 7);
        Assert.Equal(all, Enumerable.Range(0, 7).SelectMany(row => Rows(row, 1)));
        Assert.Equal(all[2051..(6 * 2051)], Rows(1, 5));
        Twins.AssertThreadsDoNotShow(() => Rows(0, 7));
        if (format == WeightFormat.Float32)
            Assert.Equal(all[..2051], x.Slice(0, 0, 1).Linear(w).ToArray<float>());
    }

    [Theory]
    [InlineData(1, 1, 1, 2, null)]
    [InlineData(4, 2, 90, 24, null)]
    [InlineData(9, 3, 700, 64, null)]
    [InlineData(4, 2, 90, 24, 40, 0.3, 1.5)]
    [InlineData(4, 4, 300, 33, 17)]
    [InlineData(6, 1, 130, 128, 1)]
    [InlineData(2, 2, 33, 80, 33)]
    public void Attention_of_single_queries_is_that_of_their_own_sequences(int heads, int keyHeads, int capacity, int width, int? window,
        double? scale = null, double? cap = null)
    {
        using var scope = TensorScope.Begin();
        Tensor q = Single(1, 4, heads * width).Mul(6), k = Single(2, 3 * capacity, keyHeads * width),
        v = Single(3, 3 * capacity, keyHeads * width);
        using RowBuffer queries = RowBuffer.Of(q), keys = RowBuffer.Of(k), values = RowBuffer.Of(v), to = new(4, heads * width);
        int[] sequences = [2, 0, 2, 1], positions = [capacity - 1, 0, capacity / 2, capacity / 3];
        RowOps.Attend(queries, keys, values, capacity, sequences, positions, width, window, to, scale, cap);
        for (var row = 0; row < 4; row++)
        {
            var (begin, end) = (sequences[row] * capacity, sequences[row] * capacity + positions[row] + 1);
            Tensor Seen(Tensor x) => Wide(x).Slice(0, begin, end).View(1, end - begin, keyHeads, width);
            var expected =
                Twins.Attention(Wide(q).Slice(0, row, row + 1).View(1, 1, heads, width), Seen(k), Seen(v), scale
                    ?? 1 / Math.Sqrt(width), window, cap: cap);
            Near(expected.Reshape(1, -1), to.Tensor.Slice(0, row, row + 1), 1e-5);
        }
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(7, null)]
    [InlineData(16, 40)]
    [InlineData(100, 3)]
    public void Blocks_that_lie_anywhere_have_the_bits_of_a_sequence_in_one_piece(int block, int? window)
    {
        const int Length = 100, Width = 24;
        using var scope = TensorScope.Begin();
        Tensor q = Single(1, 2, 4 * Width).Mul(6), k = Single(2, Length, 2 * Width), v = Single(3, Length, 2 * Width);
        var blocks = (Length + block - 1) / block;
        using RowBuffer queries = RowBuffer.Of(q), keys = RowBuffer.Of(k), values = RowBuffer.Of(v), to = new(2, 4 * Width),
            paged = new(2, 4 * Width), pagedKeys = new((blocks + 1) * block, 2 * Width), pagedValues = new((blocks + 1) * block, 2 * Width);
        // Backwards, the first block of the pool left over.
        int[] table = [.. Enumerable.Range(0, blocks).Select(i => blocks - i)];
        for (var s = 0; s < Length; s++)
        {
            var place = table[s / block] * block + s % block;
            keys.Row(s).CopyTo(pagedKeys.Row(place));
            values.Row(s).CopyTo(pagedValues.Row(place));
        }
        RowOps.Attend(queries, keys, values, Length, [0, 0], [Length - 1, 41], Width, window, to);
        RowOps.Attend(queries, pagedKeys, pagedValues, block, [.. table, .. table], [Length - 1, 41], Width, window, paged);
        Assert.Equal(to.Tensor.ToArray<float>(), paged.Tensor.ToArray<float>());
    }

    [Fact]
    public void Norms_units_and_rotation_in_place_have_the_bits_of_the_tensors_methods()
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        Tensor x = Single(1, 3, 4 * 37), up = Single(2, 3, 4 * 37), weight = Single(3, 37), bias = Single(4, 37), cos = Single(5, 3, 17),
        sin = Single(6, 3, 17);
        using RowBuffer w = RowBuffer.Of(weight), b = RowBuffer.Of(bias), c = RowBuffer.Of(cos), s = RowBuffer.Of(sin),
            other = RowBuffer.Of(up);
        var heads = x.View(1, 3, 4, 37);
        foreach (var (expected, act) in new (Tensor, Action<RowBuffer>)[]
        {
            (heads.RmsNorm(weight, 1e-5), y => RowOps.RmsNorm(y, 3, w, 1e-5, y)),
            (heads.LayerNorm1p(weight, bias, 1e-5), y => RowOps.LayerNorm(y, 3, w, b, 1e-5, y, plus: 1)),
            (heads.LayerNorm(weight, bias, 1e-5), y => RowOps.LayerNorm(y, 3, w, b, 1e-5, y)),
            (heads.Rotate(cos.View(3, 1, 17), sin.View(3, 1, 17)), y => RowOps.Rotate(y, 37, c, s, 3)),
            (x.SiluMul(up), y => RowOps.SiluMul(y, other, 3)),
            (x.GeluMul(up), y => RowOps.GeluMul(y, other, 3)),
            (x.ClampedSiluMul(up, 0.3), y => RowOps.ClampedSiluMul(y, other, 3, 0.3)),
            (x.Gelu(), y => RowOps.Gelu(y, 3)),
            (x.SquaredRelu(), y => RowOps.SquaredRelu(y, 3)),
        })
        {
            using var y = RowBuffer.Of(x);
            act(y);
            Assert.Equal(expected.ToArray<float>(), y.Tensor.ToArray<float>());
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused_with_both_numbers()
    {
        using var scope = TensorScope.Begin();
        using PackedMatrix w = new(Single(1, 5, 8), WeightFormat.Float32), other = new(Single(1, 5, 8), WeightFormat.Int8);
        using RowBuffer x = new(2, 8), y = new(2, 5), keys = new(8, 4);
        void Refused(string part, Action act) => Assert.Contains(part, Assert.Throws<TorchException>(act).Message);
        Refused("3 rows of x, which has 2", () => RowOps.Product(x, 3, false, new RowProduct(w, null, y)));
        Refused("rows of 5 into rows of 5", () => RowOps.Product(y, 1, false, new RowProduct(w, null, y)));
        Refused("bias 8", () => RowOps.Product(x, 1, false, new RowProduct(w, x, y)));
        Refused("Int8 weights", () => RowOps.Product(x, 1, false, new RowProduct(w, null, y), new RowProduct(other, null, y)));
        Refused("0 matrices", () => RowOps.Product(x, 1, false));
        using PackedMatrix square = new(Single(1, 8, 8), WeightFormat.Float32);
        Refused("must lie elsewhere", () => RowOps.Product(x, 1, false, new RowProduct(square, null, x)));
        Refused("id 5 at 1", () => RowOps.Embedding(w, [0, 5], x));
        Refused("id -1 at 0", () => RowOps.Embedding(w, [-1], x));
        Refused("position 4 of sequence 0", () => RowOps.Attend(x, keys, keys, 4, [0], [4], 4, null, x));
        Refused("position 0 of sequence 2", () => RowOps.Attend(x, keys, keys, 4, [2], [0], 4, null, x));
        Refused("heads of 3", () => RowOps.Attend(x, keys, keys, 4, [0], [0], 3, null, x));
        Refused("float32 matrix", () => _ = new PackedMatrix(Single(1, 5, 8).To(DType.Float64), WeightFormat.Int8));
        w.Dispose();
        Assert.Throws<ObjectDisposedException>(() => RowOps.Product(x, 1, false, new RowProduct(w, null, y)));
    }

    private static Tensor Single(int seed, params long[] shape) => Twins.Values(seed, shape).To(DType.Float32);

    private static Tensor Wide(Tensor x) => x.To(DType.Float64);

    private static void Near(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.Shape.ToArray(), actual.Shape.ToArray());
        foreach (var (a, b) in expected.ToArray<double>().Zip(actual.To(DType.Float64).ToArray<double>()))
            Assert.True(Math.Abs(a - b) <= tolerance * Math.Max(1, Math.Abs(a)), $"{b} is not {a}");
    }
}

public sealed class RowOps512() : RowOpsTests(512);

public sealed class RowOps256() : RowOpsTests(256);

public sealed class RowOps128() : RowOpsTests(128);
