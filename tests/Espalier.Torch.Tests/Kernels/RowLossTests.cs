namespace Espalier.Torch.Tests.Kernels;

/// <summary>Losses between rows of logits, with their gradients, against their plain twins in float64.</summary>
public abstract class RowLossTests(int bits) : KernelTest(bits)
{
    private static IEnumerable<RowLoss> All(double temperature) =>
    [
        new RowLoss<ReverseKlRow>(temperature),
        new RowLoss<MixtureRow>(temperature, 0.3, 0.3, 0.7),
        new RowLoss<MixtureRow>(temperature, 0.1, 1, 0),
        new RowLoss<MixtureRow>(temperature, 0.9, 0, 1),
        new RowLoss<SquaredProbabilitiesRow>(temperature),
        new RowLoss<CosineProbabilitiesRow>(temperature),
        new RowLoss<SquaredLogitsRow>(),
        new RowLoss<CosineLogitsRow>(),
    ];

    [Theory]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    [InlineData(1, 17)]
    [InlineData(2, 1024)]
    [InlineData(5, 4099)]
    [InlineData(40, 15)]
    [InlineData(0, 7)]
    public void Losses_and_their_gradients(int rows, int vocabulary)
    {
        using var scope = TensorScope.Begin();
        var (student, teacher) = (Twins.Values(1, rows, vocabulary).Mul(30), Twins.Values(2, rows, vocabulary).Mul(20));
        // Differences of logarithms of up to 25 are known to 2e-6 in float32.
        foreach (var loss in All(1).Concat(All(2.5)))
            Twins.AssertSameLosses(
                student, s => s.RowLossInPlaceByParts(teacher, loss), s => s.RowLossInPlace(teacher.To(DType.Float32), loss), slope: 3e-6);
    }

    /// <summary>Far apart, slopes are differences of hundreds; with excluded entries on one side or both, 0 · log 0 counts as 0.</summary>
    [Fact]
    public void Models_far_apart_and_excluded_entries()
    {
        using var scope = TensorScope.Begin();
        var none = float.NegativeInfinity;
        var (student, teacher) = (new float[4 * 37], new float[4 * 37]);
        for (var i = 0; i < 37; i++)
        {
            (student[i], teacher[i]) = (i == 5 ? 1e4f : -i, i == 30 ? 1e4f : i);
            (student[37 + i], teacher[37 + i]) = (i % 3 == 0 ? none : i / 7f, i % 3 == 0 ? none : -i / 5f);
            (student[74 + i], teacher[74 + i]) = (i % 4 == 0 ? none : i / 9f, i / 3f);
            (student[111 + i], teacher[111 + i]) = (-1e4f - i, 5000 + i / 2f);
        }
        var (s, t) = (Tensor.From<float>(student, 4, 37), Tensor.From<float>(teacher, 4, 37));
        foreach (var loss in All(1).Where(loss => loss is not (RowLoss<SquaredLogitsRow> or RowLoss<CosineLogitsRow>)))
            Twins.AssertSameLosses(
                s.To(DType.Float64), x => x.RowLossInPlaceByParts(t.To(DType.Float64), loss), x => x.RowLossInPlace(t, loss));
        // What the teacher excludes and the student does not costs without end, except beside a mixture.
        var (open, closed) = (Tensor.From<float>([0, 1, 2], 1, 3), Tensor.From<float>([0, none, 2], 1, 3));
        Assert.Equal(double.PositiveInfinity, open.Clone().RowLossInPlace(closed, new RowLoss<ReverseKlRow>()).Item());
        Twins.AssertSameLosses(
            open.To(DType.Float64), x => x.RowLossInPlaceByParts(closed.To(DType.Float64), All(1).ElementAt(1)),
            x => x.RowLossInPlace(closed, All(1).ElementAt(1)));
    }

    [Fact]
    public void Unknown_numbers_show_in_the_loss()
    {
        using var scope = TensorScope.Begin();
        var (whole, broken) = (Tensor.From<float>([0, 1, 2], 1, 3), Tensor.From<float>([0, float.NaN, 2], 1, 3));
        foreach (var loss in All(1))
        {
            Assert.Equal(double.NaN, broken.Clone().RowLossInPlace(whole, loss).Item());
            Assert.Equal(double.NaN, whole.Clone().RowLossInPlace(broken, loss).Item());
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(1000)]
    public void A_row_of_zeros_has_no_direction_and_gives_no_gradient(int vocabulary)
    {
        using var scope = TensorScope.Begin();
        var loss = new RowLoss<CosineLogitsRow>();
        var some = Twins.Values(1, 1, vocabulary);
        var none = some.Mul(0);
        // One's, the other's, both, and rows beside them as they are.
        var (s, t) = (Tensor.Cat(0, none, some, none, some), Tensor.Cat(0, some, none, none, Twins.Values(2, 1, vocabulary)));
        Twins.AssertSameLosses(s, x => x.RowLossInPlaceByParts(t.Clone(), loss), x => x.RowLossInPlace(t.To(DType.Float32), loss));
        var slopes = s.To(DType.Float32);
        Assert.Equal([1f, 1, 1], slopes.RowLossInPlace(t.To(DType.Float32), loss).ToArray<float>()[..3]);
        Assert.All(slopes.Slice(0, 0, 3).Contiguous().ToArray<float>(), slope => Assert.Equal(0, slope));
    }

    [Fact]
    public void Equal_rows_do_not_differ()
    {
        using var scope = TensorScope.Begin();
        foreach (var loss in All(1))
        {
            var logits = Twins.Values(1, 4, 1000).Mul(50).To(DType.Float32);
            var tolerance = loss is RowLoss<MixtureRow> ? 3e-7 : 0;
            var student = logits.Clone();
            Assert.All(student.RowLossInPlace(logits, loss).ToArray<float>(), value => Assert.Equal(0, value, tolerance));
            Assert.All(student.ToArray<float>(), slope => Assert.Equal(0, slope, tolerance));
        }
    }

    [Fact]
    public void Rows_that_do_not_lie_in_order_are_read_and_written_where_they_are()
    {
        using var scope = TensorScope.Begin();
        foreach (var loss in All(1.5))
        {
            var (wide, other) = (Twins.Values(1, 6, 40).Mul(9).To(DType.Float32), Twins.Values(2, 33, 6).Mul(9).To(DType.Float32));
            var (student, teacher, untouched) = (wide.Slice(1, 3, 36), other.Transpose(0, 1), wide.Slice(1, 36, 40).Clone());
            var expected = student.Contiguous();
            Twins.AssertNear(expected.RowLossInPlace(teacher.Contiguous(), loss), student.RowLossInPlace(teacher, loss), 1e-5);
            Twins.AssertNear(expected, student, 1e-5);
            Assert.Equal(untouched.ToArray<float>(), wide.Slice(1, 36, 40).Contiguous().ToArray<float>());
        }
    }

    [Fact]
    public void Bfloat16_is_widened_first_and_the_gradient_rounded_once()
    {
        using var scope = TensorScope.Begin();
        var (s, t) = (Twins.Values(1, 3, 1003).Mul(12).To(DType.BFloat16), Twins.Values(2, 3, 1003).Mul(12).To(DType.BFloat16));
        foreach (var loss in All(1))
        {
            var (narrow, wide) = (s.Clone(), s.To(DType.Float32));
            Assert.Equal(wide.RowLossInPlace(t.To(DType.Float32), loss).ToArray<float>(), narrow.RowLossInPlace(t, loss).ToArray<float>());
            Assert.Equal(wide.To(DType.BFloat16).To(DType.Float32).ToArray<float>(), narrow.To(DType.Float32).ToArray<float>());
        }
    }

    [Fact]
    public void The_number_of_threads_does_not_show_and_other_shapes_are_refused()
    {
        using var scope = TensorScope.Begin();
        var (x, y) = (Twins.Values(1, 70, 1500).To(DType.Float32), Twins.Values(2, 70, 1500).To(DType.Float32));
        float[] Each() => [.. All(1).SelectMany(loss =>
        {
            var s = x.Clone();
            return s.RowLossInPlace(y, loss).ToArray<float>().Concat(s.ToArray<float>());
        })];
        Twins.AssertThreadsDoNotShow(Each);
        var error = Assert.ThrowsAny<Exception>(() => x.RowLossInPlace(y.Slice(0, 0, 69), new RowLoss<ReverseKlRow>()));
        Assert.Contains("[70, 1500]", error.Message);
    }
}

public sealed class RowLoss512() : RowLossTests(512);

public sealed class RowLoss256() : RowLossTests(256);

public sealed class RowLoss128() : RowLossTests(128);
