using Espalier.Torch.Native;

namespace Espalier.Torch;

/// <summary>
/// Memory for all matrices of a model, one after the other in the order in which they are taken. Dispose it after the matrices and
/// whatever was unpacked of them: they lie in it.
/// </summary>
internal sealed unsafe class WeightMemory(long bytes) : IDisposable
{
    // Of a cache line, which each part begins at.
    private const long Line = 64;

    private readonly PageMemory _pages = new(bytes);
    private long _taken;

    /// <summary>Bytes of a part, as it counts towards the room that is needed.</summary>
    public static long Room(long bytes) => (bytes + Line - 1) / Line * Line;

    /// <summary>The next part.</summary>
    /// <exception cref="InvalidOperationException">There was room for less.</exception>
    public byte* Take(long count)
    {
        if (Room(count) > bytes - _taken)
            throw new InvalidOperationException($"{count} bytes of weights after {_taken} of {bytes}");
        var part = _pages.Data + _taken;
        _taken += Room(count);
        return part;
    }

    /// <summary>The next part as a matrix, which its holder disposes before this memory.</summary>
    public Tensor Take(DType dtype, long rows, long columns)
    {
        long* sizes = stackalloc long[] { rows, columns }, strides = stackalloc long[] { columns, 1 };
        nint tensor;
        Status.Check(
            Libtorch.TensorOver(
                Take(checked(rows * columns * dtype.Size())), 2, sizes, strides, 0, (int)dtype, Libtorch.Cpu, 0, &tensor),
            "no tensor over memory that is there");
        return Tensor.Adopt(tensor);
    }

    public void Dispose() => _pages.Dispose();
}
