namespace Espalier.Compression.Training;

/// <summary>
/// Memory of snapshots that every one uses again. Arrays of its own for each would stay resident until the garbage collector looks at large
/// ones, which in a training loop is seldom: a run of many checkpoints grew by hundreds of megabytes. Good for one snapshot at a time.
/// </summary>
internal sealed class SnapshotMemory
{
    private readonly Dictionary<string, byte[]> _copies = new(StringComparer.Ordinal);

    /// <summary>Room for the copy of a tensor.</summary>
    public byte[] Of(string name, long bytes)
    {
        if (!_copies.TryGetValue(name, out var copy) || copy.Length != bytes)
            // Nobody clears what is overwritten at once: the loop waits for this.
            _copies[name] = copy = GC.AllocateUninitializedArray<byte>(checked((int)bytes));
        return copy;
    }

    /// <summary>The copy that was made of a tensor.</summary>
    public ReadOnlySpan<byte> Of(string name) => _copies[name];
}
