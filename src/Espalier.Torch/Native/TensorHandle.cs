using Microsoft.Win32.SafeHandles;

namespace Espalier.Torch.Native;

/// <summary>Owns one native tensor. Its finalizer is a backstop for leaks, which tests count and fail on.</summary>
internal sealed class TensorHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private static long _finalized;

    private readonly TensorHandle? _owner;

    public TensorHandle() : base(ownsHandle: true)
    {
    }

    public TensorHandle(nint handle) : base(ownsHandle: true) => SetHandle(handle);

    private TensorHandle(TensorHandle owner) : base(ownsHandle: true)
    {
        var held = false;
        owner.DangerousAddRef(ref held);
        _owner = owner;
        SetHandle(owner.handle);
    }

    /// <summary>Another handle on the same native tensor, which lives until both are freed.</summary>
    /// <exception cref="ObjectDisposedException">It was freed.</exception>
    public static TensorHandle Sharing(TensorHandle other) => new(other);

    /// <summary>Handles that the garbage collector had to free because nobody disposed them.</summary>
    public static long FinalizedCount => Interlocked.Read(ref _finalized);

    protected override bool ReleaseHandle()
    {
        if (_owner is null)
            NativeMethods.esp_tensor_free(handle);
        else
            _owner.DangerousRelease();
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing && !IsInvalid && !IsClosed)
            Interlocked.Increment(ref _finalized);
        base.Dispose(disposing);
    }
}
