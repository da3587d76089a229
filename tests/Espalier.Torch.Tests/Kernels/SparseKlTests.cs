namespace Espalier.Torch.Tests.Kernels;

/// <summary>Forward KL against some entries, with its gradient, against its plain twin in float64.</summary>
public abstract class SparseKlTests(int bits) : KernelTest(bits)
{
    [Theory]
    [InlineData(3, 1, 1)]
    [InlineData(3, 19, 19)]
    [InlineData(1, 17, 4)]
    [InlineData(5, 4099, 8)]
    [InlineData(40, 15, 1)]
    [InlineData(0, 7, 2)]
    public void Losses_and_their_gradients(int rows, int vocabulary, int k)
    {
        using var scope = TensorScope.Begin();
        var (student, teacher) = (Twins.Values(1, rows, vocabulary).Mul(30), Twins.Values(2, rows, vocabulary).Mul(20).LogSoftmax(-1));
        var (top_CK, ids_CK) = teacher.TopK(k);
        var rest = teacher.Clone();
        rest.ScatterFillInPlace(-1, ids_CK, double.NegativeInfinity);
        AssertSame(student, ids_CK, top_CK.Exp(), rest.LogSumExp(-1), null);
        // Draws: some are there twice, and their weights need not make 1.
        var twice = ids_CK.Slice(1, 0, 1).Expand(rows, 3).Contiguous();
        AssertSame(student, twice, Twins.Values(3, rows, 3).Abs(), null, teacher.Exp().Mul(teacher).Sum([-1]).Neg());
        AssertSame(student, twice, Twins.Values(3, rows, 3).Abs(), null, null);
    }

    /// <summary>
    /// Where the student gives other entries e^−200 its share of them has a logarithm all the same, and where it gives them nothing at all
    /// none is asked for.
    /// </summary>
    [Fact]
    public void A_student_that_is_sure()
    {
        using var scope = TensorScope.Begin();
        var none = double.NegativeInfinity;
        var student = Tensor.From<double>([1e4, 0, 9800, 9790, 9789, 1, 1e4, 3, none, none, none, none], 2, 6);
        var ids = Tensor.From<long>([0, 1, 0, 1], 2, 2);
        AssertSame(student, ids, Tensor.From<double>([0.5, 0.25, 0.75, 0.25], 2, 2), Tensor.From<double>([Math.Log(0.25), none], 2), null);
    }

    [Fact]
    public void An_entry_that_is_not_in_the_vocabulary_is_refused()
    {
        using var scope = TensorScope.Begin();
        var logits = Tensor.Zeros(DType.Float32, 1, 4);
        Assert.Contains("4 at 1", Assert.ThrowsAny<Exception>(() =>
            logits.SparseKlInPlace(Tensor.From<long>([0, 4], 1, 2), Tensor.Full(0.5, DType.Float32, 1, 2), null, null, 1)).Message);
    }

    [Fact]
    public void Rows_apart_are_read_and_written_where_they_are()
    {
        using var scope = TensorScope.Begin();
        var (ids, weights) = (Tensor.From<long>([0, 5, 3, 1, 32, 2], 3, 2), Tensor.Full(0.25, DType.Float32, 3, 2));
        foreach (var tail in new[] { null, Tensor.Full(Math.Log(0.5), DType.Float32, 3) })
        {
            var whole = Twins.Values(1, 3, 48).Mul(9).To(DType.Float32);
            var (before, rows) = (whole.Clone(), whole.Slice(1, 2, 35));
            var inOrder = rows.Contiguous();
            Assert.Equal(inOrder.SparseKlInPlace(ids, weights, tail, null, 1.5).ToArray<float>(),
                rows.SparseKlInPlace(ids, weights, tail, null, 1.5).ToArray<float>());
            Assert.Equal(inOrder.ToArray<float>(), rows.Contiguous().ToArray<float>());
            rows.CopyInPlace(before.Slice(1, 2, 35));
            Assert.Equal(before.ToArray<float>(), whole.ToArray<float>());
        }
    }

    private static void AssertSame(Tensor student, Tensor ids, Tensor weights, Tensor? logTail, Tensor? entropy)
    {
        foreach (var temperature in new[] { 1, 2.5 })
            Twins.AssertSameLosses(
                student, s => s.SparseKlInPlaceByParts(ids, weights, logTail, entropy, temperature),
                s => s.SparseKlInPlace(ids, weights.To(DType.Float32), logTail?.To(DType.Float32),
                    entropy?.To(DType.Float32), temperature));
    }
}

public sealed class SparseKl512() : SparseKlTests(512);

public sealed class SparseKl256() : SparseKlTests(256);

public sealed class SparseKl128() : SparseKlTests(128);
