using Espalier.Torch.Kernels;
using Espalier.Torch.Native;
using Espalier.Torch.Operators;

namespace Espalier.Torch;

/// <summary>
/// Rows of float32 that stay where they are: what <see cref="RowOps"/> reads and writes, without a tensor made for each result. With
/// ESPALIER_GUARD=1 they lie between canaries. Dispose it. Not for several threads.
/// </summary>
internal sealed unsafe class RowBuffer : IDisposable
{
    private readonly bool _isGuarded = GuardMode.IsOn;
    private bool _isDisposed;

    /// <summary>Room for rows of anything.</summary>
    public RowBuffer(long rows, long width)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(rows);
        ArgumentOutOfRangeException.ThrowIfNegative(width);
        (Rows, Width) = (rows, width);
        Tensor = (_isGuarded ? Canaries.Around(DType.Float32, [rows, width]) : Tensor.Empty(DType.Float32, rows, width)).Unscoped();
        Data = (float*)TensorFacts.Data(Tensor.Hold());
    }

    /// <summary>A copy of a tensor, whose last dimension is the width.</summary>
    public static RowBuffer Of(Tensor values)
    {
        var (rows, width) = (1L, values.Dimensions == 0 ? 1 : values.Size(-1));
        for (var i = 0; i < values.Dimensions - 1; i++)
            rows *= values.Size(i);
        var buffer = new RowBuffer(rows, width);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        buffer.Tensor.CopyInPlace(values.Reshape(buffer.Rows, width));
        return buffer;
    }

    public long Rows { get; }

    public long Width { get; }

    /// <summary>The same memory as a tensor [rows, width], which this buffer owns.</summary>
    public Tensor Tensor { get; }

    internal float* Data { get; }

    /// <summary>A row, to read and to write.</summary>
    public Span<float> Row(int row)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rows);
        return new(Data + row * Width, checked((int)Width));
    }

    /// <summary>Frees the memory. Idempotent.</summary>
    public void Dispose()
    {
        if (_isDisposed)
            return;
        Check();
        _isDisposed = true;
        Tensor.Release();
        Tensor.Dispose();
    }

    /// <summary>The first element; an error where the buffer is gone or has fewer rows.</summary>
    internal float* Of(string kernel, string name, long rows)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        return rows >= 0 && rows <= Rows ? Data : throw KernelErrors.Of(kernel, $"{rows} rows of {name}, which has {Rows}");
    }

    /// <summary>Says when a kernel wrote beside the rows.</summary>
    internal void Check()
    {
        if (_isGuarded && Data != null && Canaries.Broken((byte*)Data, Tensor) is { } broken)
            throw new InvalidOperationException(broken);
    }
}
