using Espalier.Tests;
using Espalier.Torch.Dispatch;

namespace Espalier.Torch.Tests.Native;

/// <summary>Bytes in and out, and what kinds of arguments reach an operator.</summary>
public sealed class DataTests : TorchTest
{
    [Fact]
    public void Values_of_every_element_type_return_unchanged()
    {
        RoundTrip<byte>(DType.UInt8, [0, 1, 255]);
        RoundTrip<int>(DType.Int32, [int.MinValue, 0, int.MaxValue]);
        RoundTrip<long>(DType.Int64, [long.MinValue, 0, long.MaxValue]);
        RoundTrip<Half>(DType.Float16, [Half.MinValue, Half.Epsilon, Half.NaN]);
        RoundTrip<float>(DType.Float32, [float.MinValue, float.Epsilon, float.NaN, -0f]);
        RoundTrip<double>(DType.Float64, [double.MinValue, double.Epsilon, double.NegativeInfinity]);
        RoundTrip<bool>(DType.Bool, [true, false]);
    }

    [Fact]
    public void Values_are_written_where_they_lie_and_a_writer_that_fails_leaves_no_tensor()
    {
        using var x = Tensor.FromWriter<float>([2, 2], (_, values) =>
        {
            for (var i = 0; i < values.Length; i++)
                values[i] = i;
        });
        Assert.Equal([2, 2], x.Shape.ToArray());
        Assert.Equal([0f, 1, 2, 3], x.ToArray<float>());
        using var none = Tensor.FromWriter<int>([3, 0], (_, _) => Assert.Fail("there is nothing to write"));
        Assert.Equal([3, 0], none.Shape.ToArray());
        Assert.Throws<InvalidOperationException>(() => Tensor.FromWriter<float>([4], (_, _) => throw new InvalidOperationException("no")));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(100)]
    public void A_large_tensor_is_written_and_read_piece_by_piece(int piece)
    {
        using var x = Tensor.FromWriter<int>([2, 4], (first, values) =>
        {
            Assert.InRange(values.Length, 1, piece);
            for (var i = 0; i < values.Length; i++)
                values[i] = (int)first + i;
        }, piece);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], x.ToArray<int>());
        var some = new int[3];
        x.CopyTo(5, some.AsSpan());
        Assert.Equal([5, 6, 7], some);
        x.CopyBytesFrom(4, [9, 0, 0, 0, 8, 0, 0, 0]);
        using var turned = x.Transpose(0, 1);
        turned.CopyTo(1, some.AsSpan());
        Assert.Equal([4, 9, 5], some);
        Assert.Throws<TorchException>(() => x.CopyTo(6, some.AsSpan()));
        Assert.Throws<TorchException>(() => x.CopyBytesTo(-1, new byte[1]));
        Assert.Throws<TorchException>(() => x.CopyBytesFrom(29, new byte[4]));
        Assert.Throws<TorchException>(() => turned.CopyBytesFrom(0, new byte[4]));
        x.CopyTo(8, Span<int>.Empty);
    }

    [Fact]
    public void A_tensor_of_more_bytes_than_an_array_holds_is_written_and_read()
    {
        // Only the pages that are touched are there.
        const long bytes = (1L << 31) + 5;
        long told = 0;
        using var x = Tensor.FromWriter<byte>([bytes], (first, values) =>
        {
            Assert.Equal(told, first);
            told += values.Length;
            if (told == bytes)
                values[^1] = 77;
        });
        Assert.Equal(bytes, told);
        x.CopyBytesFrom(bytes - 2, [76]);
        var end = new byte[2];
        x.CopyBytesTo(bytes - 2, end);
        Assert.Equal([76, 77], end);
        Assert.Contains($"{bytes} elements, but an array holds at most", Assert.Throws<TorchException>(() => x.ToArray<byte>()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Bfloat16_travels_as_bytes()
    {
        using var x = Tensor.FromBytes([0x80, 0x3f, 0x00, 0xc0], DType.BFloat16, 2);
        using var wide = x.To(DType.Float32);
        Assert.Equal([1f, -2], wide.ToArray<float>());
        var bytes = new byte[4];
        x.CopyBytesTo(bytes);
        Assert.Equal([0x80, 0x3f, 0x00, 0xc0], bytes);
    }

    [Fact]
    public void Empty_and_scalar_tensors_are_tensors()
    {
        using var none = Tensor.From<float>([], 0, 3);
        Assert.Empty(none.ToArray<float>());
        Assert.Equal([0, 3], none.Shape.ToArray());
        using var vast = Tensor.From<float>([], 1L << 40, 0);
        Assert.Equal(0, vast.ElementCount);
        using var one = Tensor.From<long>([(1L << 53) - 1]);
        Assert.Equal(0, one.Dimensions);
        Assert.Equal((1L << 53) - 1, one.Item());
    }

    [Fact]
    public void Views_are_read_and_written_in_the_order_of_their_shape()
    {
        using var x = Tensor.From<int>([1, 2, 3, 4, 5, 6], 2, 3);
        using var t = x.Transpose(0, 1);
        Assert.False(t.IsContiguous);
        Assert.Equal([1, 4, 2, 5, 3, 6], t.ToArray<int>());
        t.CopyFrom<int>([10, 40, 20, 50, 30, 60]);
        Assert.Equal([10, 20, 30, 40, 50, 60], x.ToArray<int>());
        Assert.Equal("Int32 [3, 2]", t.ToString());
    }

    [Fact]
    public void Lists_of_any_length_are_arguments()
    {
        using var scope = TensorScope.Begin();
        var x = Tensor.From<float>([7], 1);
        Assert.Equal([1000], Tensor.Cat(0, [.. Enumerable.Repeat(x, 1000)]).Shape.ToArray());
        Assert.Equal([64 + 1, 1], Tensor.Stack(0, [.. Enumerable.Repeat(x, 64 + 1)]).Shape.ToArray());
    }

    [Fact]
    public void Optional_lists_strings_and_nulls_reach_the_operator()
    {
        using var scope = TensorScope.Begin();
        var x = Tensor.From<float>([1, 2, 3, 4], 2, 2);
        var index = Tensor.From<long>([1], 1);
        Assert.Equal([2f, 4], new Op(
            "aten::index.Tensor(Tensor self, Tensor?[] indices) -> Tensor").Call(x, new Tensor?[] { null, index }).ToArray<float>());
        Assert.Equal([1f, 2, 3, 4], new Op(
            "aten::_to_copy(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, " +
            "bool? pin_memory=None, bool non_blocking=False, MemoryFormat? memory_format=None) -> Tensor")
            .Call(x, DType.Float32, Argument.None, Device.Cpu).ToArray<float>());
        Assert.Equal(10, new Op(
            "aten::sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor")
                .Call(x, (long[]?)null).Item());
        Assert.Equal([3f, 7], x.Linear(Tensor.From<float>([1, 1], 1, 2), null).ToArray<float>());
        Assert.Contains(
            "aten::sum.dim_IntList(Tensor self",
            new Op("aten::sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor").Schema);
    }

    [Fact]
    public void In_place_operators_change_the_storage()
    {
        using var scope = TensorScope.Begin();
        var x = Tensor.From<float>([1, 2, 4], 3);
        var view = x.View(3, 1);
        x.AddInPlace(x, 0.5);
        x.MulInPlace(2);
        x.AddInPlace(1);
        x.SubInPlace(Tensor.Full(1, DType.Float32, 3));
        x.DivInPlace(Tensor.Full(3, DType.Float32, 3));
        Assert.Equal([1f, 2, 4], view.ToArray<float>());
        x.LerpInPlace(Tensor.Full(3, DType.Float32, 3), 0.5);
        Assert.Equal([2f, 2.5f, 3.5f], x.ToArray<float>());
        Assert.Equal([-1f, -1, 3.5f], x.MaskedFill(x.Less(3), -1).ToArray<float>());
        x.ZeroInPlace();
        Assert.Equal(0, x.Sum().Item());
    }

    [Theory]
    [InlineData(DType.BFloat16)]
    [InlineData(DType.Float16)]
    [InlineData(DType.Float32)]
    [InlineData(DType.Float64)]
    public void A_number_leaves_the_element_type_as_it_is(DType dtype)
    {
        using var scope = TensorScope.Begin();
        foreach (var sizes in new long[][] { [], [1], [3] })
        {
            var x = Tensor.Full(2, dtype, sizes);
            foreach (var (value, y) in new[] { (6.0, x.Mul(3)), (0.5, x.Div(4)), (2.25, x.Add(0.25)), (7, x.MaskedFill(x.Less(3), 7)) })
            {
                Assert.Equal(dtype, y.DType);
                Assert.Equal(value, y.Sum(DType.Float64).Item() / Math.Max(1, y.ElementCount));
            }
            x.MulInPlace(2);
            x.AddInPlace(1);
            x.LerpInPlace(Tensor.Full(9, dtype, sizes), 0.5);
            Assert.Equal((dtype, 7.0), (x.DType, x.Sum(DType.Float64).Item() / Math.Max(1, x.ElementCount)));
        }
    }

    [Fact]
    public void Whole_numbers_are_compared_and_filled_exactly()
    {
        using var scope = TensorScope.Begin();
        var x = Tensor.From<long>([(1L << 53) - 1, (1L << 53) - 2], 2);
        Assert.Equal([false, true], x.Less((1L << 53) - 1).ToArray<bool>());
        Assert.Equal([true, true], x.LessOrEqual((1L << 53) - 1).ToArray<bool>());
        Assert.Equal([(1L << 53) - 1, (1L << 53) - 3], x.MaskedFill(x.Less((1L << 53) - 1), (1L << 53) - 3).ToArray<long>());
    }

    private static void RoundTrip<T>(DType dtype, T[] values) where T : unmanaged
    {
        using var x = Tensor.From<T>(values, values.Length);
        Assert.Equal(dtype, x.DType);
        Assert.Equal(dtype.Size() * (long)values.Length, System.Runtime.CompilerServices.Unsafe.SizeOf<T>() * x.ElementCount);
        Assert.Equal(values, x.ToArray<T>());
        using var copy = x.Clone();
        Assert.True(copy.BitsEqual(x));
    }
}
