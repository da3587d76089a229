using Microsoft.Win32.SafeHandles;

namespace Espalier.Torch.Native;

/// <summary>Owns one native tensor. Its finalizer is a backstop for leaks, which tests count and fail on.</summary>
internal sealed class TensorHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private static long s_live, s_finalized;

    private readonly TensorHandle? _owner;

    public TensorHandle(nint handle) : base(ownsHandle: true)
    {
        SetHandle(handle);
        Interlocked.Increment(ref s_live);
    }

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

    /// <summary>Native tensors that are owned by somebody.</summary>
    public static long LiveCount => Interlocked.Read(ref s_live);

    /// <summary>Handles that the garbage collector had to free because nobody disposed them.</summary>
    public static long FinalizedCount => Interlocked.Read(ref s_finalized);

    protected override unsafe bool ReleaseHandle()
    {
        if (_owner is not null)
        {
            _owner.DangerousRelease();
            return true;
        }
        Interlocked.Decrement(ref s_live);
        return Libtorch.DeleteTensor(handle) == 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing && !IsInvalid && !IsClosed)
            Interlocked.Increment(ref s_finalized);
        base.Dispose(disposing);
    }
}
