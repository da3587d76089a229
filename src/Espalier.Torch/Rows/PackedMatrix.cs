using Espalier.Torch.Kernels;
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
    /// <exception cref="TorchException">No matrix, or none of float32 on the processor.</exception>
    public PackedMatrix(Tensor weights, WeightFormat format)
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
            _weights = Tensor.Empty(DType.UInt8, Rows, Columns).Unscoped();
            _scales = Tensor.Empty(DType.Float32, Rows, PackKernel.Blocks(Columns)).Unscoped();
            using var from = Operand.Of(inOrder);
            using var to = Operand.Of(_weights);
            using var scales = Operand.Of(_scales);
            PackKernel.ToInt8(from.Floats, Rows, Columns, (sbyte*)to.Data, scales.Floats);
        }
        else
        {
            _weights = (format == WeightFormat.BFloat16 ? inOrder.To(DType.BFloat16) : inOrder.Alias()).Unscoped();
        }
        Data = (byte*)Placement.Of(_weights.Hold()).Data;
        Scales = _scales is null ? null : (float*)Placement.Of(_scales.Hold()).Data;
    }

    /// <summary>How the weights lie.</summary>
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

    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_isDisposed, this);
}
