using PanelProduct = Espalier.Torch.MatrixProduct<Espalier.Torch.PanelBuffer>;

namespace Espalier.Torch.Tests;

/// <summary>What a prompt asks of a decoder, positions in lanes, against the same out of libtorch's operators in float64.</summary>
public abstract class PanelOpsTests(int bits) : KernelTest(bits)
{
    public static IEnumerable<object[]> Shapes()
    {
        var shapes = new TheoryData<WeightFormat, int, int, int>();
        foreach (var format in Enum.GetValues<WeightFormat>())
            foreach (var (positions, inner, columns) in new[]
            {
                (1, 1, 1), (31, 31, 3), (32, 32, 33), (33, 33, 4), (65, 67, 9), (5, 257, 70), (300, 70, 41), (256, 515, 64),
                (0, 8, 8), (2, 8, 0), (3, 0, 4),
            })
                shapes.Add(format, positions, inner, columns);
        return shapes;
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    internal void Positions_times_packed_weights_are_the_products_with_the_weights_unpacked(
        WeightFormat format, int positions, int inner, int columns)
    {
        using var scope = TensorScope.Begin();
        Tensor x = Single(1, positions, inner), w = Single(2, columns, inner), v = Single(3, columns + 2, inner), bias = Single(4, columns);
        using PackedMatrix one = new(w, format), two = new(v, format);
        using PanelBuffer from = Panels(x), to = new(positions, columns), also = new(positions, columns + 2),
            third = new(positions, columns + 2);
        using var plus = RowBuffer.Of(bias.View(1, columns));
        PanelOps.Product(from, positions, adds: false, new PanelProduct(one, plus, to), new PanelProduct(two, null, also),
            new PanelProduct(two, null, third));
        var expected = Wide(x).MatMul(Wide(one.Unpack()).Transpose(0, 1)).Add(Wide(bias));
        Near(expected, to, positions, 1e-5);
        Near(Wide(x).MatMul(Wide(two.Unpack()).Transpose(0, 1)), also, positions, 1e-5);
        Assert.Equal(also.Memory.Tensor.ToArray<float>(), third.Memory.Tensor.ToArray<float>());
        PanelOps.Product(from, positions, adds: true, new PanelProduct(one, plus, to));
        Near(expected.Mul(2), to, positions, 2e-5);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    internal void Units_of_two_products_are_those_of_their_results(WeightFormat format, int positions, int inner, int columns)
    {
        using var scope = TensorScope.Begin();
        Tensor x = Single(1, positions, inner), w = Single(2, columns, inner), v = Single(3, columns, inner),
            bias = Single(4, columns);
        using PackedMatrix gate = new(w, format), up = new(v, format);
        using PanelBuffer from = Panels(x), to = new(positions, columns);
        using var plus = RowBuffer.Of(bias.View(1, columns));
        Tensor Of(PackedMatrix matrix) => Wide(x).MatMul(Wide(matrix.Unpack()).Transpose(0, 1));
        PanelOps.SiluMul(from, positions, new(gate, plus, to), new(up, null, null));
        Near(Of(gate).Add(Wide(bias)).SiluMul(Of(up)), to, positions, 2e-5);
        PanelOps.GeluMul(from, positions, new(gate, null, to), new(up, plus, null));
        Near(Of(gate).GeluMul(Of(up).Add(Wide(bias))), to, positions, 2e-5);
    }

    [Theory]
    [InlineData(WeightFormat.Float32)]
    [InlineData(WeightFormat.BFloat16)]
    [InlineData(WeightFormat.Int8)]
    internal void A_positions_bits_do_not_depend_on_those_beside_it_nor_on_threads(WeightFormat format)
    {
        using var scope = TensorScope.Begin();
        Tensor x = Single(1, 333, 300), w = Single(2, 515, 300);
        using var packed = new PackedMatrix(w, format);
        float[] Of(int first, int count)
        {
            using PanelBuffer from = Panels(x.Slice(0, first, first + count)), to = new(count, 515);
            PanelOps.Product(from, count, adds: false, new PanelProduct(packed, null, to));
            return Rows(to, count).ToArray<float>();
        }

        var all = Of(0, 333);
        Assert.Equal(all[..(40 * 515)], Of(0, 40));
        Assert.Equal(all[(70 * 515)..(71 * 515)], Of(70, 1));
        Twins.AssertThreadsDoNotShow(() => Of(0, 333));
    }

    [Theory]
    [InlineData(1, 1, 1, 1, 2, null)]
    [InlineData(4, 2, 90, 24, 90, null)]
    [InlineData(9, 3, 200, 64, 330, null)]
    [InlineData(4, 2, 40, 24, 90, 40, 0.3, 1.5)]
    [InlineData(4, 4, 300, 33, 300, 17)]
    [InlineData(6, 1, 33, 128, 161, 1)]
    [InlineData(2, 2, 33, 80, 160, 130)]
    [InlineData(2, 1, 64, 8, 300, 64)]
    [InlineData(2, 2, 0, 16, 3, null)]
    public void Attention_of_neighbours_is_that_of_the_end_of_their_sequence(int heads, int keyHeads, int positions, int width, int length,
        int? window, double? scale = null, double? cap = null)
    {
        using var scope = TensorScope.Begin();
        Tensor q = Single(1, positions, heads * width).Mul(6), k = Single(2, 5 + length, keyHeads * width),
            v = Single(3, 5 + length, keyHeads * width);
        using RowBuffer keys = RowBuffer.Of(k), values = RowBuffer.Of(v);
        using PanelBuffer queries = Panels(q), to = new(positions, heads * width);
        PanelOps.Attend(queries, positions, keys, values, 5, length - positions, width, window, to, scale, cap);
        Tensor Seen(Tensor x) => Wide(x).Slice(0, 5, 5 + length).View(1, length, keyHeads, width);
        if (positions > 0)
            Near(
                Twins.Attention(Wide(q).View(1, positions, heads, width), Seen(k), Seen(v), scale ?? 1 / Math.Sqrt(width), window, cap: cap)
                    .Reshape(positions, -1), to, positions, 1e-5);
    }

    [Fact]
    public void A_query_has_the_bits_that_it_has_without_those_after_it_and_huge_scores_stay_finite()
    {
        using var scope = TensorScope.Begin();
        Tensor q = Single(1, 200, 64).Mul(1e6), k = Single(2, 200, 32).Mul(1e6), v = Single(3, 200, 32);
        using RowBuffer keys = RowBuffer.Of(k), values = RowBuffer.Of(v);
        float[] Of(int first, int count)
        {
            using PanelBuffer queries = Panels(q.Slice(0, first, first + count)), to = new(count, 64);
            PanelOps.Attend(queries, count, keys, values, 0, first, 16, null, to);
            return Rows(to, count).ToArray<float>();
        }

        var all = Of(0, 200);
        Assert.All(all, value => Assert.True(Math.Abs(value) <= 0.5001));
        Assert.Equal(all[..(150 * 64)], Of(0, 150));
        Assert.Equal(all[(160 * 64)..], Of(160, 40));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(33, 37)]
    [InlineData(70, 130)]
    public void Norms_and_rotation_are_those_of_the_tensors_methods(int positions, int width)
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        var half = width / 2;
        Tensor x = Single(1, positions, 3 * width).Add(0.2), weight = Single(3, width), bias = Single(4, width),
            cos = Single(5, positions, half), sin = Single(6, positions, half);
        using RowBuffer w = RowBuffer.Of(weight), b = RowBuffer.Of(bias);
        using PanelBuffer c = Panels(cos), s = Panels(sin);
        var heads = Wide(x).View(1, positions, 3, width);
        foreach (var (expected, act) in new (Tensor, Action<PanelBuffer>)[]
        {
            (heads.RmsNorm(Wide(weight), 1e-5), y => PanelOps.RmsNorm(y, positions, w, 1e-5, y)),
            (heads.LayerNorm1p(Wide(weight), Wide(bias), 1e-5), y => PanelOps.LayerNorm(y, positions, w, b, 1e-5, y, plus: 1)),
            (heads.LayerNorm(Wide(weight), Wide(bias), 1e-5), y => PanelOps.LayerNorm(y, positions, w, b, 1e-5, y)),
            (heads.Rotate(Wide(cos).View(positions, 1, half), Wide(sin).View(positions, 1, half)),
                y => PanelOps.Rotate(y, width, c, s, positions)),
        })
        {
            using var y = Panels(x);
            act(y);
            Near(expected.Reshape(positions, -1), y, positions, 2e-6 * Math.Sqrt(width));
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(31, 7)]
    [InlineData(65, 70)]
    [InlineData(96, 4)]
    public void Rows_come_back_from_panels_and_what_lacks_is_zero(int positions, int width)
    {
        using var scope = TensorScope.Begin();
        var x = Single(1, positions + 2, width);
        using RowBuffer rows = RowBuffer.Of(x), back = new(positions + 3, width);
        using var panels = new PanelBuffer(positions, width);
        back.Tensor.FillInPlace(7);
        PanelOps.FromRows(rows, 2, positions, panels);
        PanelOps.ToRows(panels, positions, back, 1);
        Assert.Equal(x.ToArray<float>()[(2 * width)..], back.Tensor.Slice(0, 1, positions + 1).ToArray<float>());
        Assert.All(back.Tensor.ToArray<float>()[((positions + 1) * width)..], value => Assert.Equal(7, value));
        var last = new float[width];
        panels.CopyTo(positions - 1, last);
        Assert.Equal(x.ToArray<float>()[^width..], last);
        if (positions % PanelBuffer.Wide != 0)
        {
            panels.CopyTo(positions, last);
            Assert.All(last, value => Assert.Equal(0, value));
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused_with_both_numbers()
    {
        using var scope = TensorScope.Begin();
        using PackedMatrix w = new(Single(1, 5, 8), WeightFormat.Float32), other = new(Single(1, 5, 8), WeightFormat.Int8),
            square = new(Single(1, 8, 8), WeightFormat.Float32);
        using PanelBuffer x = new(33, 8), y = new(33, 5);
        using RowBuffer keys = new(40, 4), bias = new(1, 8);
        void Refused(string part, Action act) => Assert.Contains(part, Assert.Throws<TorchException>(act).Message);
        Refused("65 positions of x, which has 2 panels of 32", () => PanelOps.Product(x, 65, false, new PanelProduct(w, null, y)));
        Refused("[5, 8] of 5 channels into 5", () => PanelOps.Product(y, 1, false, new PanelProduct(w, null, y)));
        Refused("must lie elsewhere", () => PanelOps.Product(x, 1, false, new PanelProduct(square, null, x)));
        Refused("bias 8", () => PanelOps.Product(x, 1, false, new PanelProduct(w, bias, y)));
        Refused("Int8 weights", () => PanelOps.Product(x, 1, false, new PanelProduct(w, null, y), new PanelProduct(other, null, y)));
        Refused("0 matrices", () => PanelOps.Product(x, 1, false));
        Refused("gates of 5 and values of 8", () => PanelOps.SiluMul(x, 1, new(w, null, y), new(square, null, null)));
        Refused("heads of 3", () => PanelOps.Attend(x, 1, keys, keys, 0, 0, 3, null, x));
        Refused("which must lie elsewhere", () => PanelOps.Attend(x, 1, keys, keys, 0, 0, 4, null, x));
        Refused("41 rows of keys, which has 40", () =>
        {
            using var to = new PanelBuffer(33, 8);
            PanelOps.Attend(x, 33, keys, keys, 7, 1, 4, null, to);
        });
        Refused("a weight of 8 and results of 5", () => PanelOps.RmsNorm(x, 1, bias, 1e-5, y));
        Refused("41 rows of the rows, which has 40", () =>
        {
            using var to = new PanelBuffer(64, 4);
            PanelOps.ToRows(to, 41, keys, 0);
        });
        w.Dispose();
        Assert.Throws<ObjectDisposedException>(() => PanelOps.Product(x, 1, false, new PanelProduct(w, null, y)));
    }

    private static PanelBuffer Panels(Tensor x)
    {
        using var rows = RowBuffer.Of(x);
        var panels = new PanelBuffer(x.Size(0), x.Size(1));
        PanelOps.FromRows(rows, 0, (int)x.Size(0), panels);
        return panels;
    }

    private static Tensor Rows(PanelBuffer panels, int positions)
    {
        using var rows = new RowBuffer(positions, panels.Channels);
        PanelOps.ToRows(panels, positions, rows, 0);
        return rows.Tensor.Clone();
    }

    private static Tensor Single(int seed, params long[] shape) => Twins.Values(seed, shape).To(DType.Float32);

    private static Tensor Wide(Tensor x) => x.To(DType.Float64);

    private static void Near(Tensor expected, PanelBuffer actual, int positions, double tolerance) =>
        Twins.AssertNear(expected, Rows(actual, positions), tolerance);
}

public sealed class PanelOps512() : PanelOpsTests(512);

public sealed class PanelOps256() : PanelOpsTests(256);

public sealed class PanelOps128() : PanelOpsTests(128);
