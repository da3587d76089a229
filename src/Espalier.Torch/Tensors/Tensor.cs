using Espalier.Torch.Native;

namespace Espalier.Torch;

/// <summary>
/// A tensor of libtorch. Whoever made it disposes it, or the <see cref="TensorScope"/> in which it was made. What can be done with it are
/// extension methods: those of libtorch in the namespace <c>Operators</c>, what is recorded for gradients in <c>Gradients</c>, what a
/// decoder repeats in <c>Layers</c>, what training compares in <c>Losses</c>. Operators return new tensors (which may share storage, as in
/// libtorch); in-place ones end in <c>InPlace</c> and return nothing. Gradient flows through every operator unless it says otherwise.
/// Reading is safe from several threads; writing and disposing are the owner's.
/// </summary>
public sealed class Tensor : IDisposable
{
    private static readonly Lock s_deriving = new();

    private TensorHandle _handle;
    private long[]? _shape;
    private DType _dtype;
    private Device _device;
    private bool _servesAgain, _isForgotten;
    private StorageVersion? _storage;
    private int _writes;
    private GradientSink? _sink;
    private Tensor? _original, _derived;
    private volatile int _derivedVersion = -1;

    private Tensor(nint native) => _handle = new(native);

    /// <summary>A backstop for leaks.</summary>
    ~Tensor() => _handle.Collect();

    internal TensorScope.Frame? Frame { get; set; }

    /// <summary>Sizes, outermost first.</summary>
    public ReadOnlySpan<long> Shape => Known()._shape;

    /// <summary>Number of dimensions.</summary>
    public int Dimensions => Shape.Length;

    /// <summary>Number of elements.</summary>
    public long ElementCount => Held(TensorFacts.Elements);

    /// <summary>Element type.</summary>
    public DType DType => Known()._dtype;

    /// <summary>The device of the elements.</summary>
    public Device Device => Known()._device;

    internal bool IsOnCpu => Device.IsCpu;

    /// <summary>Whether the elements are contiguous, in the order of the shape.</summary>
    public bool IsContiguous => Held(TensorFacts.IsContiguous);

    /// <summary>Whether it is a matrix whose rows lie one after the other, each in order, and share no memory.</summary>
    internal bool LiesInRows => Held(TensorFacts.LiesInRows);

    // The tensor itself, whose shape, type and device are asked for once.
    private Tensor Known()
    {
        if (_shape is null)
        {
            using var held = new HeldTensor(this);
            _dtype = TensorFacts.ElementType(held.Native);
            _device = Device.Of(held.Native);
            _shape = Shapes.Of(TensorFacts.Sizes(held.Native));
        }
        ThrowIfDisposed();
        return this;
    }

    /// <summary>The size of a dimension; negative ones count from the end.</summary>
    public long Size(int dimension)
    {
        var shape = Shape;
        var index = dimension < 0 ? dimension + shape.Length : dimension;
        return (uint)index < (uint)shape.Length ? shape[index]
            : throw new ArgumentOutOfRangeException(nameof(dimension), dimension, $"the tensor has {shape.Length} dimensions");
    }

    /// <summary>
    /// Takes the tensor out of every scope: from now on its holder disposes it. For parameters, buffers and optimizer state.
    /// </summary>
    public Tensor Unscoped()
    {
        Frame = null;
        return this;
    }

    /// <summary>
    /// Frees the handle, the gradient and what was recorded for this tensor alone; libtorch frees the memory when nothing else refers to
    /// it. Idempotent.
    /// </summary>
#pragma warning disable CA1816 // what a node keeps may still have to be freed by the finalizer: Freed says when it need not run
    public void Dispose()
#pragma warning restore CA1816
    {
        Interlocked.Exchange(ref _sink, null)?.OwnerIsGone();
        Leaf?.OwnerIsGone();
        _derived?.Dispose();
        if (_handle.Close())
            Freed();
    }

    /// <summary>Disposes it at its owner's end.</summary>
    /// <param name="reuse">Whether the object serves again: nobody but the owner refers to it then, and nodes that keep it.</param>
    internal void LetGo(bool reuse)
    {
        Frame = null;
        // Nobody wants a gradient of what nobody refers to; what is derived from it would go with it.
        _servesAgain = reuse && Leaf is null && _derived is null && _original is null;
        if (_servesAgain && _handle.IsFreed)
            SpareTensors.Put(this);
        else
            Dispose();
    }

    /// <inheritdoc/>
    public override string ToString() => _handle.IsClosed ? "disposed tensor" : $"{DType} {ShapeText}";

    internal string ShapeText => $"[{string.Join(", ", Known()._shape!)}]";

    /// <summary>Where a gradient of this tensor goes, or null where it wants none.</summary>
    internal GradientSink? Sink { get => _sink; set => _sink = value; }

    /// <summary>What accumulates this tensor's own gradient, whether one is wanted now or not; null where there never was any.</summary>
    internal GradientSink? Leaf { get; set; }

    /// <summary>Whether operations on this tensor are recorded.</summary>
    internal bool WantsGradient => _sink is not null;

    /// <summary>Whether this is the result of a recorded operation.</summary>
    internal bool IsRecorded => _sink is not null && _sink != Leaf;

    /// <summary>
    /// Whether this thread reads what others hold even where its owner disposed it: backwards, for what a node keeps.
    /// </summary>
    [field: ThreadStatic]
    internal static bool ReadsHeld { get; set; }

    /// <summary>Takes a native tensor over, for the innermost scope.</summary>
    internal static Tensor Adopt(nint handle) =>
        handle == 0 ? throw new TorchException("the operator gave no tensor") : Made(handle);

    /// <summary>Another tensor on the same memory, for which nothing is recorded.</summary>
    internal Tensor Alias()
    {
        using var held = new HeldTensor(this);
        var alias = Made(TensorFacts.NewHandle(held.Native));
        (alias._shape, alias._dtype, alias._device, alias._storage) = (_shape, _dtype, _device, SharedVersion().Share());
        return alias;
    }

    /// <summary>The same as another weight on this one's memory, which shares what is derived from the values.</summary>
    internal Tensor Twin()
    {
        var twin = Alias();
        twin._original = _original ?? this;
        return twin;
    }

    /// <summary>
    /// What was made from these values, kept until they are written: such as a weight in another type. The tensor owns it. Several threads
    /// may ask at once, and twins have one together.
    /// </summary>
    /// <param name="make">
    /// Makes it of these values, or makes it anew in what it made of those before; the same for all who ask this tensor.
    /// </param>
    internal Tensor Derived(Func<Tensor, Tensor?, Tensor> make)
    {
        if (_original is not null)
            return _original.Derived(make);
        var version = Version;
        if (_derivedVersion == version)
            return _derived!;
        lock (s_deriving)
        {
            if (_derivedVersion != version)
            {
                _derived = make(this, _derived).Unscoped();
                _derivedVersion = version;
            }
            return _derived!;
        }
    }

    // The version of this tensor's memory, for those who share it.
    private StorageVersion SharedVersion() =>
        _storage ?? Interlocked.CompareExchange(ref _storage, StorageVersion.Take(_writes), null) ?? _storage;

    /// <summary>How often the memory was written in place.</summary>
    internal int Version => _storage?.Value ?? _writes;

    /// <summary>Whether another tensor may have the same memory.</summary>
    internal bool SharesMemory => _storage is not null;

    /// <summary>Whether no other tensor has the same memory now.</summary>
    internal bool HasMemoryAlone => _storage?.IsOfOne != false;

    /// <summary>Says that this tensor may have the memory of another one.</summary>
    internal void ShareMemoryOf(Tensor other) => _storage = other.SharedVersion().Share();

    /// <summary>Says that the memory was written, so that a backward that needs what was there notices.</summary>
    internal void Written()
    {
        if (_storage is not null)
            _storage.Advance();
        else
            _writes++;
    }

    /// <summary>Whether somebody uses the native tensor now, or keeps it.</summary>
    internal bool IsHeld => _handle.IsHeld;

    /// <summary>The native pointer, kept valid until <see cref="Release"/>.</summary>
    internal nint Hold() => _handle.TryHold() || (ReadsHeld && _handle.TryHold(readsHeld: true))
        ? _handle.Native
        : throw new ObjectDisposedException(nameof(Tensor), "the tensor was disposed before this use (did its scope end?)");

    internal void Release()
    {
        if (_handle.Release())
            Freed();
    }

    /// <summary>The native pointer, of a tensor that is held.</summary>
    internal nint Pointer => _handle.Native;

    // What is held may be read by those who said so, whoever disposed it.
    internal void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_handle.IsClosed && !(ReadsHeld && _handle.IsHeld), this);

    private static Tensor Made(nint native)
    {
        var frame = TensorScope.Frame.Current;
        var tensor = frame is { Reuses: true } && SpareTensors.Take() is { } spare ? spare.Again(native) : new Tensor(native);
        frame?.Add(tensor);
        return tensor;
    }

    private Tensor Again(nint native)
    {
        (_shape, _storage, _writes, _servesAgain) = (null, null, 0, false);
        _handle = new(native);
        if (_isForgotten)
            GC.ReRegisterForFinalize(this);
        _isForgotten = false;
        return this;
    }

    // The native tensor is gone. One that serves again stays known to the finalizer.
    private void Freed()
    {
        Interlocked.Exchange(ref _storage, null)?.Leave();
        if (_servesAgain)
        {
            SpareTensors.Put(this);
            return;
        }
#pragma warning disable CA1816 // Dispose's part, when the last holder lets go
        GC.SuppressFinalize(this);
#pragma warning restore CA1816
        _isForgotten = true;
    }

    private T Held<T>(Func<nint, T> ask)
    {
        using var held = new HeldTensor(this);
        return ask(held.Native);
    }
}
