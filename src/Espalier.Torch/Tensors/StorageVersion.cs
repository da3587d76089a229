using System.Collections.Concurrent;

namespace Espalier.Torch;

/// <summary>
/// How often the memory behind tensors was written in place. Tensors that may share memory share this; a tensor without one shares its
/// memory with nobody, and counts for itself. It counts its tensors, too: when the last one's native tensor is gone, it serves others.
/// </summary>
internal sealed class StorageVersion
{
    // One stock for all threads: gradients of replicas are shared on one thread, and let go of on others.
    private static readonly ConcurrentQueue<StorageVersion> s_spare = new();

    private int _value, _tensors;

    private StorageVersion()
    {
    }

    public int Value => Volatile.Read(ref _value);

    /// <summary>Whether one tensor alone has the memory.</summary>
    public bool IsOfOne => Volatile.Read(ref _tensors) == 1;

    /// <summary>One for a tensor whose memory was written so often, and which shares it from now on.</summary>
    public static StorageVersion Take(int value)
    {
        var version = s_spare.TryDequeue(out var spare) ? spare : new();
        (version._value, version._tensors) = (value, 1);
        return version;
    }

    /// <summary>The same for one tensor more.</summary>
    public StorageVersion Share()
    {
        Interlocked.Increment(ref _tensors);
        return this;
    }

    /// <summary>One tensor less, which refers to this no more.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref _tensors) == 0)
            s_spare.Enqueue(this);
    }

    public void Advance() => Interlocked.Increment(ref _value);
}
