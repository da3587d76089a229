namespace Espalier.Torch;

/// <summary>
/// How often the memory behind tensors was written in place. Tensors that may share memory share this; a tensor without one shares its
/// memory with nobody, and counts for itself. It counts its tensors, too: when the last one's native tensor is gone, it serves others.
/// </summary>
internal sealed class StorageVersion
{
    private const int Handful = 64, MostHandfuls = 64;

    // A handful too many goes to the threads that have none: gradients of replicas are shared on one thread, and let go of on others.
    private static readonly Lock s_handing = new();
    private static readonly StorageVersion?[] s_handfuls = new StorageVersion?[MostHandfuls];
    private static int s_handfulCount;

    [ThreadStatic] private static StorageVersion? s_spare;
    [ThreadStatic] private static int s_spareCount;

    private int _value;
    private int _tensors;
    private StorageVersion? _next;

    private StorageVersion()
    {
    }

    public int Value => Volatile.Read(ref _value);

    /// <summary>Whether one tensor alone has the memory.</summary>
    public bool IsOfOne => Volatile.Read(ref _tensors) == 1;

    /// <summary>One for a tensor whose memory was written so often, and which shares it from now on.</summary>
    public static StorageVersion Take(int value)
    {
        var version = s_spare;
        if (version is null && Volatile.Read(ref s_handfulCount) > 0)
            version = TakeHandful();
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
        if (Interlocked.Decrement(ref _tensors) != 0)
            return;
        if (s_spareCount == 2 * Handful)
            GiveHandful();
        (_next, s_spare) = (s_spare, this);
        s_spareCount++;
    }

    private static StorageVersion? TakeHandful()
    {
        lock (s_handing)
        {
            if (s_handfulCount == 0)
                return null;
            s_spareCount = Handful;
            return s_handfuls[--s_handfulCount];
        }
    }

    // The first ones of this thread; none where the others have enough.
    private static void GiveHandful()
    {
        var (first, last) = (s_spare!, s_spare!);
        for (var i = 1; i < Handful; i++)
            last = last._next!;
        (s_spare, last._next) = (last._next, null);
        s_spareCount -= Handful;
        lock (s_handing)
            if (s_handfulCount < MostHandfuls)
                s_handfuls[s_handfulCount++] = first;
    }

    public void Advance() => Interlocked.Increment(ref _value);
}
