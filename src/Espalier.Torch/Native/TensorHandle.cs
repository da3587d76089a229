namespace Espalier.Torch.Native;

/// <summary>
/// A native tensor and how many use it right now: freed when it is closed and nobody holds it any more. A field of its owner, never
/// copied; a finalizer of the owner is a backstop for leaks, which tests count and fail on.
/// </summary>
internal struct TensorHandle
{
    private const int Closed = 1, Holder = 2;

    private static long s_live, s_finalized;

    private readonly nint _native;
    private int _state;

    public TensorHandle(nint native)
    {
        _native = native;
        Interlocked.Increment(ref s_live);
    }

    /// <summary>Native tensors that are owned by somebody.</summary>
    public static long LiveCount => Interlocked.Read(ref s_live);

    /// <summary>Handles that the garbage collector had to free because nobody disposed them.</summary>
    public static long FinalizedCount => Interlocked.Read(ref s_finalized);

    /// <summary>The native tensor, valid while it is held.</summary>
    public readonly nint Native => _native;

    /// <summary>Whether nobody may hold it any more, but for those who do already.</summary>
    public readonly bool IsClosed => (Volatile.Read(in _state) & Closed) != 0;

    /// <summary>Whether the native tensor is gone.</summary>
    public readonly bool IsFreed => Volatile.Read(in _state) == Closed;

    /// <summary>Whether somebody holds it.</summary>
    public readonly bool IsHeld => Volatile.Read(in _state) >= Holder;

    /// <summary>Keeps the native tensor until <see cref="Release"/>; false where it is closed.</summary>
    /// <param name="readsHeld">Whether it may be closed, as long as somebody holds it.</param>
    public bool TryHold(bool readsHeld = false)
    {
        var state = Volatile.Read(ref _state);
        while ((state & Closed) == 0 || (readsHeld && state >= Holder))
        {
            var found = Interlocked.CompareExchange(ref _state, state + Holder, state);
            if (found == state)
                return true;
            state = found;
        }
        return false;
    }

    /// <summary>One holder less; whether that freed the native tensor.</summary>
    public bool Release() => Interlocked.Add(ref _state, -Holder) == Closed && Free();

    /// <summary>Frees the native tensor, now or when the last holder releases it; whether it was now. Idempotent.</summary>
    public bool Close() => Interlocked.Or(ref _state, Closed) == 0 && Free();

    /// <summary>
    /// The finalizer's: frees what was not freed. Whoever holds it is as unreachable as the owner, for holders reach the owner.
    /// </summary>
    public void Collect()
    {
        if (_native == 0 || Interlocked.Exchange(ref _state, Closed) == Closed)
            return;
        Interlocked.Increment(ref s_finalized);
        Free();
    }

    private readonly unsafe bool Free()
    {
        Interlocked.Decrement(ref s_live);
        _ = Libtorch.DeleteTensor(_native);
        return true;
    }
}
