namespace Espalier.Torch.Tests.Gradients;

/// <summary>Losses with their gradients, and the optimizer's update, against their plain twins in float64.</summary>
public abstract class TrainingKernelsTests(int bits) : KernelTest(bits)
{
    [Theory]
    [InlineData(3, 1)]
    [InlineData(3, 2)]
    [InlineData(2, 1024)]
    [InlineData(5, 4099)]
    [InlineData(40, 15)]
    [InlineData(0, 7)]
    public void Losses_and_their_gradients(int rows, int vocabulary)
    {
        using var scope = TensorScope.Begin();
        var (student, teacher) = (Twins.Values(1, rows, vocabulary).Mul(30), Twins.Values(2, rows, vocabulary).Mul(20));
        var targets = Tensor.From<long>([.. Enumerable.Range(0, rows).Select(row => (long)(row * 7919 % vocabulary))], rows);
        Twins.AssertSameLosses(student, s => s.CrossEntropyInPlaceByParts(targets), s => s.CrossEntropyInPlace(targets));
        foreach (var temperature in new[] { 1.0, 2.5 })
            foreach (var entropy in new[] { true, false })
                Twins.AssertSameLosses(
                    student, s => s.DivergenceInPlaceByParts(teacher.Clone(), temperature, entropy),
                    s => s.DivergenceInPlace(teacher.To(DType.Float32), temperature, entropy));
    }

    /// <summary>Logits of a head have something between their rows, which is nobody's.</summary>
    [Theory]
    [InlineData(DType.Float32)]
    [InlineData(DType.BFloat16)]
    public void Rows_apart_are_read_and_written_where_they_are(DType dtype)
    {
        using var scope = TensorScope.Begin();
        var targets = Tensor.From<long>([3, 0, 32, 7, 11], 5);
        AssertSame(s => s.CrossEntropyInPlace(targets));
        AssertSame(s => s.DivergenceInPlace(Wide(2), 1.5));
        AssertSame(s => s.DivergenceInPlace(Wide(2).Contiguous(), 1.5));

        Tensor Wide(int seed) => Twins.Values(seed, 5, 48).Mul(9).To(dtype).Slice(1, 2, 35);
        void AssertSame(Func<Tensor, Tensor> loss)
        {
            var (apart, inOrder) = (Wide(1), Wide(1).Contiguous());
            var whole = Twins.Values(1, 5, 48).Mul(9).To(dtype);
            var rows = whole.Slice(1, 2, 35);
            Assert.Equal(loss(inOrder).ToArray<float>(), loss(rows).ToArray<float>());
            Assert.Equal(Floats(inOrder), Floats(rows));
            Assert.NotEqual(Floats(apart), Floats(rows));
            foreach (var (from, to) in new[] { (0, 2), (35, 48) })
                Assert.Equal(Floats(Twins.Values(1, 5, 48).Mul(9).To(dtype).Slice(1, from, to)), Floats(whole.Slice(1, from, to)));
        }
        static float[] Floats(Tensor x) => x.To(DType.Float32).Contiguous().ToArray<float>();
    }

    [Fact]
    public void A_distribution_has_no_divergence_from_itself()
    {
        using var scope = TensorScope.Begin();
        var logits = Twins.Values(1, 4, 1000).Mul(50).To(DType.Float32);
        var student = logits.Clone();
        Assert.All(student.DivergenceInPlace(logits, 1).ToArray<float>(), loss => Assert.Equal(0, loss));
        Assert.All(student.ToArray<float>(), slope => Assert.Equal(0, slope));
    }

    [Fact]
    public void What_the_teacher_excludes_costs_nothing_and_huge_logits_stay_finite()
    {
        using var scope = TensorScope.Begin();
        float[] teacher = [0, float.NegativeInfinity, 0, 3e38f, -3e38f, 1, 1e-42f, 0, 0, float.NegativeInfinity, 0, 0, 0, 0, 0, 0, 0, 0,
            float.NegativeInfinity, 0];
        float[] student = [1e30f, 5, -1e30f, 3e38f, 2, 1, 0, 0, 0, float.NegativeInfinity, 0, 0, 0, 0, 0, 0, 0, 0, 3e38f, 0];
        var (s, t) = (Tensor.From<float>(student, 2, 10), Tensor.From<float>(teacher, 2, 10));
        var losses = s.DivergenceInPlace(t, 1).ToArray<float>();
        Assert.Equal(0, losses[0], 1e-6);
        Assert.True(losses[1] > 1e38f);
        Assert.True(s.AllFinite());
        var logits = Tensor.From<float>([float.NegativeInfinity, 3e38f, 0, float.NegativeInfinity], 2, 2);
        Assert.Equal([0, 0], logits.CrossEntropyInPlace(Tensor.From<long>([1, 0], 2)).ToArray<float>());
        Assert.Equal([0, 0, 0, 0], logits.ToArray<float>());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(40_003)]
    [InlineData(0)]
    public void The_update(int count)
    {
        using var scope = TensorScope.Begin();
        var (w, g, m, v) = (Twins.Values(1, count), Twins.Values(2, count), Twins.Values(3, count), Twins.Values(4, count).Abs());
        var step = new AdamWStep(Rate: 0.01, Beta1: 0.9, Beta2: 0.95, Epsilon: 1e-8, Decay: 0.1, Clip: 0.3, Update: 3);
        Tensor[] After(DType dtype, out (double Moved, double Size) measured, bool byParts)
        {
            var all = Array.ConvertAll([w, g, m, v], tensor => tensor.To(dtype));
            measured = byParts ? all[0].AdamWInPlaceByParts(all[1], all[2], all[3], step, measure: true)
                : all[0].AdamWInPlace(all[1], all[2], all[3], step, measure: true);
            return [all[0], all[2], all[3]];
        }
        var (expected, actual) = (After(DType.Float64, out var wanted, byParts: true), After(DType.Float32, out var found, byParts: false));
        foreach (var (a, b) in expected.Zip(actual))
            Twins.AssertNear(a, b, 1e-6);
        Assert.Equal(wanted.Moved, found.Moved, 1e-4 * wanted.Moved);
        Assert.Equal(wanted.Size, found.Size, 1e-6 * wanted.Size);
        Assert.Equal(w.Square().Sum().Item(), w.To(DType.Float32).SumOfSquares(), 1e-9 * (1 + count));
    }

    [Fact]
    public void An_update_without_gradient_moves_by_decay_alone_and_unknown_numbers_spread()
    {
        using var scope = TensorScope.Begin();
        var w = Tensor.From<float>([1, 2, float.NaN], 3);
        var zeros = () => Tensor.Zeros(DType.Float32, 3);
        w.AdamWInPlace(zeros(), zeros(), zeros(), new(0.5, 0.9, 0.95, 1e-8, 0.1, 1, 1));
        Assert.Equal([0.95f, 1.9f, float.NaN], w.ToArray<float>());
        Assert.Equal(double.NaN, w.SumOfSquares());
    }

    [Fact]
    public void The_number_of_threads_does_not_show()
    {
        using var scope = TensorScope.Begin();
        var x = Twins.Values(1, 70, 1500).To(DType.Float32);
        float[] All()
        {
            var (s, t, w) = (x.Clone(), x.Mul(3), x.Clone());
            var loss = s.DivergenceInPlace(t, 2);
            var (moved, size) = w.AdamWInPlace(x, x.Clone(), x.Abs(), new(0.5, 0.9, 0.95, 1e-8, 0.1, 1, 1), measure: true);
            return [.. loss.ToArray<float>(), .. s.ToArray<float>(), .. w.ToArray<float>(), (float)moved, (float)size,
                (float)x.SumOfSquares()];
        }
        Twins.AssertThreadsDoNotShow(All);
    }
}

public sealed class TrainingKernels512() : TrainingKernelsTests(512);

public sealed class TrainingKernels256() : TrainingKernelsTests(256);

public sealed class TrainingKernels128() : TrainingKernelsTests(128);
