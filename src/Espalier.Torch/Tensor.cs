using Espalier.Torch.Native;

namespace Espalier.Torch;

/// <summary>
/// A tensor of libtorch. Whoever made it disposes it, or the <see cref="TensorScope"/> in which it was made. Operators return new
/// tensors (which may share storage, as in libtorch); in-place ones end in <c>InPlace</c> and return nothing.
/// Gradient flows through every operator unless it says otherwise. Reading is safe from several threads; writing and
/// disposing are the owner's.
/// </summary>
public sealed unsafe partial class Tensor : IDisposable
{
    private readonly TensorHandle _handle;
    private long[]? _shape;

    private Tensor(nint handle)
    {
        _handle = new TensorHandle(handle);
        TensorScope.Frame.Current?.Add(this);
    }

    internal TensorScope.Frame? Frame { get; set; }

    /// <summary>Sizes, outermost first.</summary>
    public ReadOnlySpan<long> Shape => ShapeArray;

    /// <summary>Number of dimensions.</summary>
    public int Dimensions => ShapeArray.Length;

    /// <summary>Number of elements.</summary>
    public long ElementCount => Describe().Elements;

    /// <summary>Element type.</summary>
    public DType DType => Describe().DType;

    /// <summary>Whether the elements lie in memory in the order of the shape.</summary>
    public bool IsContiguous => Describe().IsContiguous != 0;

    private long[] ShapeArray
    {
        get
        {
            if (_shape is null)
            {
                var info = Describe();
                var shape = new long[info.Dimensions];
                for (var i = 0; i < shape.Length; i++)
                    shape[i] = info.Sizes[i];
                _shape = shape;
            }
            ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
            return _shape;
        }
    }

    /// <summary>The size of a dimension; negative ones count from the end.</summary>
    public long Size(int dimension)
    {
        var shape = ShapeArray;
        var index = dimension < 0 ? dimension + shape.Length : dimension;
        return (uint)index < (uint)shape.Length ? shape[index]
            : throw new ArgumentOutOfRangeException(nameof(dimension), dimension, $"the tensor has {shape.Length} dimensions");
    }

    /// <summary>Takes the tensor out of every scope: from now on its holder disposes it. For parameters, buffers and optimizer state.</summary>
    public Tensor Unscoped()
    {
        Frame = null;
        return this;
    }

    /// <summary>Frees the handle; libtorch frees the memory when nothing else refers to it. Idempotent.</summary>
    public void Dispose() => _handle.Dispose();

    /// <inheritdoc/>
    public override string ToString() => _handle.IsClosed ? "disposed tensor" : $"{DType} [{string.Join(", ", ShapeArray)}]";

    internal static Tensor Adopt(nint handle) => handle == 0 ? throw new TorchException("the operator gave no tensor") : new Tensor(handle);

    /// <summary>The native pointer, kept valid until <see cref="Release"/>.</summary>
    internal nint Hold()
    {
        var held = false;
        try
        {
            _handle.DangerousAddRef(ref held);
        }
        catch (ObjectDisposedException)
        {
            throw new ObjectDisposedException(nameof(Tensor), "the tensor was disposed before this use (did its scope end?)");
        }
        return _handle.DangerousGetHandle();
    }

    internal void Release() => _handle.DangerousRelease();

    private NativeTensorInfo Describe()
    {
        NativeTensorInfo info;
        NativeMethods.esp_tensor_describe(_handle, &info);
        return info;
    }
}
