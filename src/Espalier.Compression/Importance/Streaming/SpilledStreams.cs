using System.Buffers;
using Espalier.Compression.Importance.Residuals;

namespace Espalier.Compression.Importance.Streaming;

/// <summary>
/// A batch's streams in a spill file, as many slots as the widest span has layers: the stream after i blocks takes the place of the one
/// that no span needs any more.
/// </summary>
/// <param name="file">The file; its owner disposes it.</param>
/// <param name="firstSlot">The first of the batch's slots.</param>
/// <param name="slots">How many it has.</param>
/// <param name="shape">B, T and D.</param>
/// <param name="dtype">Element type.</param>
internal sealed class SpilledStreams(SpillFile file, long firstSlot, int slots, long[] shape, DType dtype) : StreamHistory
{
    private readonly int _bytes = checked((int)(shape.Aggregate(1L, (product, size) => product * size) * (dtype == DType.Float64 ? 8 : 4)));

    public override Tensor After(int i)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(_bytes);
        try
        {
            file.Read(Slot(i), buffer.AsMemory(0, _bytes));
            return Tensor.FromBytes(buffer.AsSpan(0, _bytes), dtype, shape).On(TorchRuntime.Device);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public override void Add(int i, Tensor x_BTD)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(_bytes);
        try
        {
            x_BTD.CopyBytesTo(buffer.AsSpan(0, _bytes));
            file.Write(Slot(i), buffer.AsMemory(0, _bytes));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public override void Dispose()
    {
    }

    private long Slot(int i) => firstSlot + i % slots;
}
