namespace Espalier.Torch.Tests;

/// <summary>Matrices turned, and products that are added to, against the same out of libtorch's operators.</summary>
public sealed class TurnTests() : KernelTest(0)
{
    [Theory]
    [InlineData(0, 3)]
    [InlineData(3, 0)]
    [InlineData(1, 1)]
    [InlineData(1, 70)]
    [InlineData(5, 3)]
    [InlineData(16, 64)]
    [InlineData(19, 131)]
    [InlineData(300, 517)] // for several threads
    public void A_matrix_turned_is_as_libtorch_turns_it(int rows, int columns)
    {
        using var scope = TensorScope.Begin();
        var x = Twins.Values(1, rows, columns).To(DType.Float32);
        var part = Twins.Values(2, rows + 2, columns + 5).To(DType.Float32).Slice(0, 1, rows + 1).Slice(1, 2, columns + 2);
        foreach (var from in new[] { x, part, Twins.Values(3, columns, rows).To(DType.Float32).Transpose(0, 1) })
        {
            Assert.True(from.Turned().BitsEqual(from.TurnedByParts()));
            Assert.True(from.Turned(0.37).BitsEqual(from.TurnedByParts((float)0.37)));
            var (sum, wanted) = (Twins.Values(4, columns, rows).To(DType.Float32), Twins.Values(4, columns, rows).To(DType.Float32));
            sum.AddTurnedInPlace(from);
            wanted.AddInPlace(from.Transpose(0, 1));
            Assert.True(sum.BitsEqual(wanted));
        }
        Assert.True(Twins.Values(5, rows, columns).Turned(2).BitsEqual(Twins.Values(5, rows, columns).Mul(2).Transpose(0, 1).Contiguous()));
    }

    [Fact]
    public void What_is_no_matrix_and_what_does_not_fit_is_refused()
    {
        using var scope = TensorScope.Begin();
        Assert.Contains("must be a matrix", Assert.ThrowsAny<TorchException>(() => Tensor.Zeros(DType.Float32, 2, 3, 4).Turned()).Message);
        Assert.Contains("turned shape", Assert.ThrowsAny<TorchException>(() => Tensor.Zeros(DType.Float32, 2, 3).AddTurnedInPlace(Tensor.Zeros(DType.Float32, 2, 3))).Message);
    }

    [Theory]
    [InlineData(64, 40, 100)]
    [InlineData(192, 33, 500)] // by oneDNN
    [InlineData(3, 2, 5)]
    [InlineData(64, 0, 100)]
    [InlineData(0, 8, 100)]
    public void A_product_is_added_to_what_is_there(int rows, int inner, int columns)
    {
        using var scope = TensorScope.Begin();
        var (a, b, c) = (Twins.Values(1, rows, inner), Twins.Values(2, inner, columns), Twins.Values(3, rows, columns));
        var wanted = a.MatMul(b).Add(c);
        var sum = c.To(DType.Float32).PlusProduct(a.To(DType.Float32), b.To(DType.Float32));
        Assert.Equal(wanted.Shape.ToArray(), sum.Shape.ToArray());
        if (wanted.ElementCount > 0)
            Assert.True(sum.To(DType.Float64).Sub(wanted).Abs().Max().Item() < 1e-5);
        Assert.True(c.PlusProduct(a, b).BitsEqual(a.MatMul(b).Add(c)));
    }
}
