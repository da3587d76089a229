using Espalier.Tests;
using Espalier.Torch.Dispatch;

namespace Espalier.Torch.Tests.Native;

/// <summary>What wrong buffers, sizes and gradients say.</summary>
public sealed class TensorErrorTests : TorchTest
{
    [Fact]
    public void Buffer_of_another_length_is_refused_with_both_numbers()
    {
        using var x = Tensor.Zeros(DType.Float32, 2, 3);
        const string sentence = "the tensor has 24 bytes but the buffer has";
        Assert.Contains($"{sentence} 20", Assert.Throws<TorchException>(() => Tensor.From<float>([1, 2, 3, 4, 5], 2, 3)).Message);
        Assert.Contains($"{sentence} 28", Assert.Throws<TorchException>(() => x.CopyTo<float>(new float[7])).Message);
        Assert.Contains($"{sentence} 0", Assert.Throws<TorchException>(() => x.CopyFrom<float>([])).Message);
        Assert.Contains($"{sentence} 23", Assert.Throws<TorchException>(() => x.CopyBytesTo(new byte[23])).Message);
    }

    [Fact]
    public void Buffer_of_another_element_type_is_refused()
    {
        using var x = Tensor.Zeros(DType.Float32, 2);
        Assert.Contains("the tensor is Float32 but the buffer is Int32", Assert.Throws<TorchException>(() => x.ToArray<int>()).Message);
        Assert.Contains("the tensor is Float32 but the buffer is Float64",
            Assert.Throws<TorchException>(() => x.CopyFrom<double>([1])).Message);
        Assert.Throws<NotSupportedException>(() => x.ToArray<char>());
        Assert.Throws<NotSupportedException>(() => Tensor.From<decimal>([1], 1));
    }

    [Theory]
    [InlineData(new[] { -1L })]
    [InlineData(new[] { 1L << 62 })]
    [InlineData(new[] { 1L << 62, 4 })]
    [InlineData(new[] { 1L << 32, 1L << 32, 1L << 32 })]
    [InlineData(new[] { long.MinValue, long.MinValue })]
    [InlineData(new long[] { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 })]
    public void Hostile_sizes_are_refused_before_memory_is_asked_for(long[] sizes) =>
        Assert.Throws<TorchException>(() => Tensor.FromBytes([1, 2, 3, 4], DType.Float32, sizes));

    [Theory]
    [InlineData(-1)]
    [InlineData(12)] // a quantised type, which has no plain elements
    [InlineData(1000)]
    public void Unknown_element_type_is_refused(int dtype) =>
        Assert.Throws<TorchException>(() => Tensor.FromBytes([1, 2, 3, 4], (DType)dtype, 4));

    [Fact]
    public void Item_of_several_elements_is_refused()
    {
        using var x = Tensor.Zeros(DType.Float32, 3);
        Assert.Throws<TorchException>(() => x.Item());
        using var none = Tensor.Zeros(DType.Float32, 0);
        Assert.Throws<TorchException>(() => none.Item());
    }

    [Fact]
    public void Tensors_without_storage_cannot_be_read()
    {
        using var meta = Tensor.Empty(DType.Float32, Device.Meta, 3);
        using var zero = new Op(
            "aten::_efficientzerotensor(SymInt[] size, *, ScalarType? dtype=None, Layout? layout=None, " +
            "Device? device=None, bool? pin_memory=None) -> Tensor").Call(new long[] { 3 }, DType.Float32);
        Assert.Equal([3], meta.Shape.ToArray());
        Assert.Throws<TorchException>(() => meta.ToArray<float>());
        Assert.ThrowsAny<TorchException>(() => zero.CopyFrom<float>([1, 2, 3]));
        try
        {
            Assert.Equal([0f, 0, 0], zero.ToArray<float>());
        }
        catch (TorchException e)
        {
            Assert.Contains("storage", e.Message);
        }
    }

    [Fact]
    public void More_dimensions_than_the_binding_describes_are_refused()
    {
        using var x = Tensor.Zeros(DType.Float32, [.. Enumerable.Repeat(1L, 16)]);
        using var deeper = x.Unsqueeze(0);
        Assert.Contains("17 dimensions; at most 16", Assert.Throws<TorchException>(() => deeper.Dimensions).Message);
        Assert.Contains(
            "17 dimensions; at most 16",
            Assert.Throws<TorchException>(() => Tensor.Zeros(DType.Float32, [.. Enumerable.Repeat(1L, 17)])).Message);
    }

    [Fact]
    public void Threads_out_of_range_are_refused()
    {
        Assert.Contains("not 0", Assert.Throws<TorchException>(() => TorchRuntime.Threads = 0).Message);
        Assert.Throws<TorchException>(() => TorchRuntime.Threads = -1);
        Assert.Throws<TorchException>(() => TorchRuntime.Threads = int.MaxValue);
        Assert.Equal(2, TorchRuntime.Threads);
    }
}
