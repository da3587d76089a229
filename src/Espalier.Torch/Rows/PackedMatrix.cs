using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Products;
using Espalier.Torch.Native;
using Espalier.Torch.Operators;

namespace Espalier.Torch;

/// <summary>
/// A matrix of weights [rows, columns] as generation reads it: float32 as it lies, or copied into a shorter format once. Forward only; on
/// the processor. Dispose it.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    private readonly Tensor _weights;
    private readonly Tensor? _scales;
    private bool _isDisposed;

    /// <summary>Takes a matrix.</summary>
    /// <param name="weights">
    /// [rows, columns], float32, on the processor. In float32 and in order it is shared, not copied; whoever made it still owns it.
    /// </param>
    /// <param name="format">
    /// What it is kept as. bfloat16 is rounded to the nearest; of int8 <see cref="WeightFormat.Int8"/> says how.
    /// </param>
    /// <param name="memory">
    /// Where a copy goes, in float32 too; it has to outlive this. Null for memory of its own, and for none in float32.
    /// </param>
    /// <exception cref="TorchException">No matrix, or none of float32 on the processor.</exception>
    public PackedMatrix(Tensor weights, WeightFormat format, WeightMemory? memory = null)
    {
        if (weights.Dimensions != 2 || !weights.IsForwardFused)
            throw new TorchException(
                $"packed weights: {weights} on {(weights.IsOnCpu ? "the processor" : "another device")}, "
                    + "they must be a float32 matrix on the processor");
        (Format, Rows, Columns) = (format, weights.Size(0), weights.Size(1));
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var inOrder = weights.IsContiguous ? weights : weights.Contiguous();
        if (format == WeightFormat.Int8)
        {
            _weights = Room(memory, DType.UInt8, Rows, Columns);
            _scales = Room(memory, DType.Float32, Rows, PackKernel.Blocks(Columns));
            using var from = Operand.Of(inOrder);
            using var to = Operand.Of(_weights);
            using var scales = Operand.Of(_scales);
            PackKernel.ToInt8(from.Floats, Rows, Columns, (sbyte*)to.Data, scales.Floats);
        }
        else if (memory is not null)
        {
            _weights = Room(memory, format == WeightFormat.BFloat16 ? DType.BFloat16 : DType.Float32, Rows, Columns);
            _weights.CopyInPlace(inOrder);
        }
        else
        {
            _weights = (format == WeightFormat.BFloat16 ? inOrder.To(DType.BFloat16) : inOrder.Alias()).Unscoped();
        }
        Data = (byte*)TensorFacts.Data(_weights.Hold());
        Scales = _scales is null ? null : (float*)TensorFacts.Data(_scales.Hold());
    }

    /// <summary>Bytes that a matrix takes of a <see cref="WeightMemory"/>.</summary>
    public static long RoomOf(WeightFormat format, long rows, long columns) => format switch
    {
        WeightFormat.Int8 =>
            WeightMemory.Room(rows * columns) + WeightMemory.Room(rows * PackKernel.Blocks(columns) * sizeof(float)),
        WeightFormat.BFloat16 => WeightMemory.Room(2 * rows * columns),
        _ => WeightMemory.Room(sizeof(float) * rows * columns),
    };

    public WeightFormat Format { get; }

    /// <summary>Outputs.</summary>
    public long Rows { get; }

    /// <summary>Inputs.</summary>
    public long Columns { get; }

    /// <summary>Bytes that a product reads.</summary>
    public long Bytes => Rows * Columns * BytesOfOne + (_scales?.ElementCount ?? 0) * sizeof(float);

    internal int BytesOfOne => _weights.DType.Size();

    internal byte* Data { get; }

    internal float* Scales { get; }

    /// <summary>
    /// The numbers that products see, as a float32 tensor; shared with this matrix where that is float32. The caller's scope owns it.
    /// </summary>
    public Tensor Unpack()
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (Format == WeightFormat.Float32)
            return _weights.Alias();
        using var to = Operand.Result(DType.Float32, Rows, Columns);
        PackKernel.ToFloats(Format, Data, Scales, Rows, Columns, to.Floats);
        return to.Tensor;
    }

    /// <summary>Frees the weights, or this matrix's share in them. Idempotent.</summary>
    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        foreach (var tensor in (Tensor?[])[_weights, _scales])
        {
            tensor?.Release();
            tensor?.Dispose();
        }
    }

    private static Tensor Room(WeightMemory? memory, DType dtype, long rows, long columns) =>
        (memory is null ? Tensor.Empty(dtype, rows, columns) : memory.Take(dtype, rows, columns)).Unscoped();

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_isDisposed, this);
}
