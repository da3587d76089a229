namespace Espalier.Torch.Tests.Dispatch;

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

    [Theory]
    [InlineData(0, 3)]
    [InlineData(3, 0)]
    [InlineData(1, 1)]
    [InlineData(7, 9)]
    [InlineData(8, 16)]
    [InlineData(65, 131)]
    [InlineData(300, 517)] // for several threads
    public void Bfloat16_is_turned_to_the_bit(int rows, int columns)
    {
        using var scope = TensorScope.Begin();
        var whole = Twins.Values(2, rows + 2, columns + 5).To(DType.BFloat16);
        foreach (var from in new[] { whole, whole.Slice(0, 1, rows + 1).Slice(1, 2, columns + 2), whole.Transpose(0, 1) })
        {
            Assert.Equal(DType.BFloat16, from.Turned().DType);
            Assert.True(from.Turned().BitsEqual(from.TurnedByParts()));
            Assert.True(from.Turned(0.5).BitsEqual(from.TurnedByParts(0.5)));
        }
    }

    [Theory]
    [InlineData(DType.Float32)]
    [InlineData(DType.BFloat16)]
    public void A_product_takes_a_left_side_that_lies_turned_as_it_takes_one_in_order(DType type)
    {
        using var scope = TensorScope.Begin();
        var (x, y) = (Twins.Values(1, 70, 45).To(type), Twins.Values(2, 70, 90).To(type));
        Assert.True(x.Transpose(0, 1).MatMul(y).BitsEqual(x.Transpose(0, 1).Contiguous().MatMul(y)));
        Assert.True(x.Slice(1, 3, 40).Transpose(0, 1).MatMul(y)
            .BitsEqual(x.Slice(1, 3, 40).Contiguous().Transpose(0, 1).Contiguous().MatMul(y)));
    }

    [Fact]
    public void What_is_no_matrix_and_what_does_not_fit_is_refused()
    {
        using var scope = TensorScope.Begin();
        Assert.Contains("must be a float32 matrix", Assert.ThrowsAny<TorchException>(() => Tensor.Zeros(DType.Float32, 2, 3, 4).Turned()).Message);
        Assert.Contains("transposed shape",
            Assert.ThrowsAny<TorchException>(() => Tensor.Zeros(DType.Float32, 2, 3)
                .AddTurnedInPlace(Tensor.Zeros(DType.Float32, 2, 3))).Message);
    }

    [Fact]
    public void What_is_tiny_stays_as_it_is()
    {
        using var scope = TensorScope.Begin();
        var x = Tensor.Full(1e-41, DType.Float32, 19, 35);
        Assert.True(x.Turned().BitsEqual(Tensor.Full(1e-41, DType.Float32, 35, 19)));
    }

    [Fact]
    public void A_matrix_is_not_added_to_itself_turned_in_place()
    {
        using var scope = TensorScope.Begin();
        var y = Twins.Values(1, 20, 20).To(DType.Float32);
        Assert.Contains("memory with y", Assert.ThrowsAny<TorchException>(() => y.AddTurnedInPlace(y)).Message);
        var halves = Twins.Values(2, 40, 20).To(DType.Float32);
        Assert.Contains("memory with y",
            Assert.ThrowsAny<TorchException>(() => halves.Slice(0, 0, 20).AddTurnedInPlace(halves.Slice(0, 19, 39))).Message);
        halves.Slice(0, 0, 20).AddTurnedInPlace(halves.Slice(0, 20, 40)); // side by side
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
        var sum = c.To(DType.Float32);
        sum.AddProductInPlace(a.To(DType.Float32), b.To(DType.Float32));
        Assert.Equal(wanted.Shape.ToArray(), sum.Shape.ToArray());
        Assert.True(sum.To(DType.Float64).Sub(wanted).Abs().Largest() < 1e-5);
        c.AddProductInPlace(a, b);
        Assert.True(c.BitsEqual(wanted));
    }
}
