using Microsoft.Win32.SafeHandles;

namespace Espalier.Torch.Native;

/// <summary>Owns one native tensor. Its finalizer is a backstop for leaks, which tests count and fail on.</summary>
internal sealed class TensorHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private static long _finalized;

    public TensorHandle() : base(ownsHandle: true)
    {
    }

    public TensorHandle(nint handle) : base(ownsHandle: true) => SetHandle(handle);

    /// <summary>Handles that the garbage collector had to free because nobody disposed them.</summary>
    public static long FinalizedCount => Interlocked.Read(ref _finalized);

    protected override bool ReleaseHandle()
    {
        NativeMethods.esp_tensor_free(handle);
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing && !IsInvalid && !IsClosed)
            Interlocked.Increment(ref _finalized);
        base.Dispose(disposing);
    }
}
