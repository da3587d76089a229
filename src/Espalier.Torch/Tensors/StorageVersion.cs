namespace Espalier.Torch;

/// <summary>
/// How often the memory behind tensors was written in place. Tensors that may share memory share this; a tensor without one shares its
/// memory with nobody, and counts for itself. It counts its tensors, too: when the last one's native tensor is gone, it serves others of
/// this thread.
/// </summary>
internal sealed class StorageVersion
{
    private const int MostSpare = 4096;

    [ThreadStatic] private static StorageVersion? s_spare;
    [ThreadStatic] private static int s_spareCount;

    private int _value;
    private int _tensors;
    private StorageVersion? _next;

    private StorageVersion()
    {
    }

    public int Value => Volatile.Read(ref _value);

    /// <summary>One for a tensor whose memory was written so often, and which shares it from now on.</summary>
    public static StorageVersion Take(int value)
    {
        var version = s_spare;
        if (version is null)
            version = new();
        else
        {
            (s_spare, version._next) = (version._next, null);
            s_spareCount--;
        }
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
        if (Interlocked.Decrement(ref _tensors) != 0 || s_spareCount == MostSpare)
            return;
        (_next, s_spare) = (s_spare, this);
        s_spareCount++;
    }

    public void Advance() => Interlocked.Increment(ref _value);
}
