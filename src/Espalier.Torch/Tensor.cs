using Espalier.Torch.Gradients;
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
    private TensorHandle _handle;
    private long[]? _shape;
    private DType _dtype;
    private Device _device;

    private Tensor(nint native)
    {
        _handle = new(native);
        TensorScope.Frame.Current?.Add(this);
    }

    /// <summary>A backstop for leaks.</summary>
    ~Tensor() => _handle.Close(byCollector: true);

    internal TensorScope.Frame? Frame { get; set; }

    /// <summary>Sizes, outermost first.</summary>
    public ReadOnlySpan<long> Shape => ShapeArray;

    /// <summary>Number of dimensions.</summary>
    public int Dimensions => ShapeArray.Length;

    /// <summary>Number of elements.</summary>
    public long ElementCount => Held(TensorFacts.Elements);

    /// <summary>Element type.</summary>
    public DType DType
    {
        get
        {
            _ = ShapeArray;
            return _dtype;
        }
    }

    /// <summary>Where the elements lie.</summary>
    public Device Device
    {
        get
        {
            _ = ShapeArray;
            return _device;
        }
    }

    /// <summary>Whether the elements lie in the processor's memory.</summary>
    internal bool IsOnCpu => Device.IsCpu;

    /// <summary>Whether the elements lie in memory in the order of the shape.</summary>
    public bool IsContiguous => Held(TensorFacts.IsContiguous);

    private long[] ShapeArray
    {
        get
        {
            if (_shape is null)
            {
                var handle = Hold();
                try
                {
                    _dtype = TensorFacts.ElementType(handle);
                    _device = Device.Of(handle);
                    _shape = Shapes.Of(TensorFacts.Sizes(handle));
                }
                finally
                {
                    Release();
                }
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

    /// <summary>Frees the handle, the gradient and what was recorded for this tensor alone; libtorch frees the memory when nothing else refers to it. Idempotent.</summary>
    public void Dispose()
    {
        Interlocked.Exchange(ref _node, null)?.Drop();
        _leaf?.End();
        _narrow?.Dispose();
        _handle.Close();
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public override string ToString() => _handle.IsClosed ? "disposed tensor" : $"{DType} {ShapeText}";

    internal string ShapeText => $"[{string.Join(", ", ShapeArray)}]";

    internal static Tensor Adopt(nint handle) =>
        handle == 0 ? throw new TorchException("the operator gave no tensor") : new Tensor(handle);

    /// <summary>Another tensor on the same memory, for which nothing is recorded.</summary>
    internal Tensor Alias()
    {
        var native = Hold();
        try
        {
            nint copy;
            Status.Check(Libtorch.NewHandle(native, &copy), "no memory for a handle");
            return new(copy) { _shape = _shape, _dtype = _dtype, _device = _device, _storage = SharedVersion() };
        }
        finally
        {
            Release();
        }
    }

    /// <summary>The version of this tensor's memory, for those who share it.</summary>
    internal StorageVersion SharedVersion() => _storage ?? Interlocked.CompareExchange(ref _storage, new StorageVersion(), null) ?? _storage;

    /// <summary>Whether another tensor may have the same memory.</summary>
    internal bool SharesMemory => _storage is not null;

    /// <summary>Says that this tensor may have the memory of another one.</summary>
    internal void ShareMemoryOf(Tensor other) => _storage = other.SharedVersion();

    /// <summary>Says that the memory was written, so that a backward that needs what was there notices.</summary>
    internal void Written() => _storage?.Advance();

    /// <summary>The native pointer, kept valid until <see cref="Release"/>.</summary>
    internal nint Hold() => _handle.TryHold()
        ? _handle.Native
        : throw new ObjectDisposedException(nameof(Tensor), "the tensor was disposed before this use (did its scope end?)");

    internal void Release() => _handle.Release();

    /// <summary>The native pointer, of a tensor that is held.</summary>
    internal nint Pointer => _handle.Native;

    private T Held<T>(Func<nint, T> ask)
    {
        var handle = Hold();
        try
        {
            return ask(handle);
        }
        finally
        {
            Release();
        }
    }
}
