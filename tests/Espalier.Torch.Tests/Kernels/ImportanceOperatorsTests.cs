using Espalier.Torch.Kernels.Elements;

namespace Espalier.Torch.Tests.Kernels;

/// <summary>The kernels of importance against the same out of libtorch's operators.</summary>
public sealed class ImportanceOperatorsTests() : KernelTest(bits: 0)
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 4, 7)]
    [InlineData(3, 5, 8)]
    [InlineData(1, 31, 17)]
    [InlineData(2, 6, 513)]
    [InlineData(2, 3, 1024)]
    [InlineData(2, 0, 5)]
    [InlineData(0, 3, 5)]
    public void The_kernel_gives_what_its_parts_give(int samples, int positions, int units)
    {
        using var scope = TensorScope.Begin();
        foreach (var dtype in new[] { DType.Float64, DType.Float32 })
        {
            var x_BTU = Values(samples * positions * units).View(samples, positions, units).To(dtype);
            AssertSame(x_BTU.UnitSumsByParts(), x_BTU.UnitSums());
        }
    }

    [Theory]
    [InlineData(2, 3, 4, 8)]
    [InlineData(1, 5, 2, 33)]
    [InlineData(1, 1, 1, 1)]
    [InlineData(2, 40, 3, 16)]
    [InlineData(0, 3, 5, 4)]
    [InlineData(1, 2, 2, 0)]
    public void Norms_and_cosines_of_rows_are_what_their_parts_give(int samples, int positions, int heads, int width)
    {
        using var scope = TensorScope.Begin();
        foreach (var dtype in new[] { DType.Float64, DType.Float32 })
        {
            // As attention leaves it: heads before positions in memory.
            var x_BTNH = Values(samples * positions * heads * width).View(samples, heads, positions, width).To(dtype).Transpose(1, 2);
            AssertSame(x_BTNH.RowNormsByParts(), x_BTNH.RowNorms());
            var other = x_BTNH.Square().Add(0.1);
            if (width > 0)
                AssertSame(x_BTNH.RowCosinesByParts(other), x_BTNH.RowCosines(other));
        }
    }

    [Fact]
    public void Rows_whose_entries_lie_apart_are_read_too_and_a_row_of_zeros_is_alike_to_zeros_alone()
    {
        using var scope = TensorScope.Begin();
        var apart = Values(2 * 3 * 4 * 5).View(2, 3, 5, 4).Transpose(2, 3);
        AssertSame(apart.RowNormsByParts(), apart.RowNorms());
        foreach (var dtype in new[] { DType.Float64, DType.Float32 })
        {
            var x = Tensor.From<double>([0, 0, 3, 4, 0, 0, 1, 2], 4, 2).To(dtype);
            var other = Tensor.From<double>([1, 2, 6, 8, 0, 0, 0, 0], 4, 2).To(dtype);
            foreach (var cosines in new[] { x.RowCosines(other), x.RowCosinesByParts(other) })
                Assert.Equal([0, 1, 1, 0], cosines.ToArray<double>().Select(cosine => Math.Round(cosine, 14)));
            var none = x.Mul(double.NaN);
            Assert.All(none.RowCosines(other).ToArray<double>(), cosine => Assert.Equal(double.NaN, cosine));
            Assert.All(none.RowCosinesByParts(other).ToArray<double>(), cosine => Assert.Equal(double.NaN, cosine));
        }
    }

    [Fact]
    public void Rows_of_other_shapes_and_types_are_errors()
    {
        using var scope = TensorScope.Begin();
        Assert.Contains("four", Assert.Throws<TorchException>(() => Values(6).View(2, 3).RowNorms()).Message);
        Assert.Contains("the same shape", Assert.Throws<TorchException>(() => Values(6).View(2, 3).RowCosines(Values(6).View(3, 2))).Message);
        Assert.Contains("float32 or float64",
            Assert.Throws<TorchException>(() => Values(6).View(2, 3).RowCosines(Values(6).View(2, 3).To(DType.Float32))).Message);
    }

    [Fact]
    public void Values_that_do_not_lie_one_after_the_other_are_read_in_their_places()
    {
        using var scope = TensorScope.Begin();
        var x_BTU = Values(2 * 9 * 5).View(2, 5, 9).Transpose(1, 2);
        AssertSame(x_BTU.UnitSumsByParts(), x_BTU.UnitSums());
    }

    [Fact]
    public void The_batch_and_the_number_of_threads_do_not_show()
    {
        using var scope = TensorScope.Begin();
        var x_BTU = Values(6 * 33 * 700).View(6, 33, 700).To(DType.Float32);
        var whole = x_BTU.UnitSums();
        for (var sample = 0; sample < 6; sample++)
            Assert.Equal(whole.Slice(1, sample, sample + 1).ToArray<double>(),
                x_BTU.Slice(0, sample, sample + 1).UnitSums().ToArray<double>());
        Twins.AssertThreadsDoNotShow(() => x_BTU.UnitSums().ToArray<double>());
    }

    [Fact]
    public void What_is_not_finite_shows_in_the_sum_of_squares()
    {
        using var scope = TensorScope.Begin();
        var sums = Tensor.From<float>([1, float.NaN, float.PositiveInfinity, 2, 2, 2], 1, 2, 3).UnitSums().ToArray<double>();
        Assert.Equal(5, sums[3]);
        Assert.Equal((double.NaN, double.PositiveInfinity), (sums[4], sums[5]));
    }

    [Fact]
    public void Other_shapes_and_types_are_errors_and_half_precision_goes_by_parts()
    {
        using var scope = TensorScope.Begin();
        Assert.Contains("2 dimensions", Assert.Throws<TorchException>(() => Values(6).View(2, 3).UnitSums()).Message);
        Assert.Contains("float32 or float64",
            Assert.Throws<TorchException>(() => UnitSumsKernel.Forward(Values(6).View(1, 2, 3).To(DType.Int64))).Message);
        var halves = Values(6).View(1, 2, 3).To(DType.BFloat16);
        AssertSame(halves.UnitSumsByParts(), halves.UnitSums());
    }

    [Fact]
    public void Two_threads_may_call_at_once() => Parallel.For(0, 8, _ =>
    {
        using var scope = TensorScope.Begin();
        var x_BTU = Values(2 * 17 * 65).View(2, 17, 65);
        AssertSame(x_BTU.UnitSumsByParts(), x_BTU.UnitSums());
    });

    private static Tensor Values(int count) =>
        Tensor.From<double>([.. Enumerable.Range(0, count).Select(i => Math.Sin(0.3 + i * 0.7) * (1 + i % 5))], count);

    private static void AssertSame(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.Shape.ToArray(), actual.Shape.ToArray());
        Assert.Equal(DType.Float64, actual.DType);
        foreach (var (wanted, found) in expected.ToArray<double>().Zip(actual.ToArray<double>()))
            Assert.True(Math.Abs(wanted - found) <= 1e-13 * (1 + Math.Abs(wanted)), $"{found:R}, expected {wanted:R}");
    }
}
