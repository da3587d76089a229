using Espalier.Torch.Operators;

namespace Espalier.Tests.Native;

/// <summary>Matrices side by side in memory of the system's.</summary>
public sealed class WeightMemoryTests : TorchTest
{
    [Theory]
    [InlineData(WeightFormat.Float32)]
    [InlineData(WeightFormat.BFloat16)]
    [InlineData(WeightFormat.Int8)]
    internal void Matrices_have_the_bits_that_they_have_in_memory_of_their_own(WeightFormat format)
    {
        using var scope = TensorScope.Begin();
        (long Rows, long Columns)[] shapes = [(7, 75), (1, 1), (0, 5), (64, 576)];
        using var memory = new WeightMemory(shapes.Sum(shape => PackedMatrix.RoomOf(format, shape.Rows, shape.Columns)));
        var made = shapes.Select((shape, i) =>
        {
            // Not in order.
            var weights = Tensor.From<float>([.. Enumerable.Range(0, (int)(shape.Rows * shape.Columns)).Select(k => MathF.Sin(k + i))],
                shape.Columns, shape.Rows).Transpose(0, 1);
            return (Within: new PackedMatrix(weights, format, memory), Alone: new PackedMatrix(weights, format));
        }).ToArray();
        foreach (var (within, alone) in made)
        {
            Assert.Equal(alone.Bytes, within.Bytes);
            Assert.Equal(alone.Unpack().ToArray<float>(), within.Unpack().ToArray<float>());
            within.Dispose();
            alone.Dispose();
        }
        Assert.Throws<InvalidOperationException>(() => memory.Take(DType.UInt8, 1, 1));
    }

    [Fact]
    public unsafe void Parts_begin_at_lines_and_hold_what_was_written()
    {
        using var memory = new WeightMemory(3 * 64);
        byte* first = memory.Take(1), second = memory.Take(64);
        Assert.Equal(64, second - first);
        Assert.Equal(0, (nint)first % 64);
        (*first, second[63]) = (1, 2);
        Assert.Throws<InvalidOperationException>(() => memory.Take(65));
        Assert.Equal(64, memory.Take(64) - second);
        Assert.Equal((1, 2), (*first, second[63]));
        memory.Dispose();
    }

    [Fact]
    public void More_than_the_machine_has_is_refused() =>
        Assert.Throws<InsufficientMemoryException>(() => new WeightMemory(1L << 60));
}
