namespace Espalier.Compression.Training;

/// <summary>
/// Memory of snapshots that every one uses again. Arrays of its own for each would stay resident until the garbage collector looks at large
/// ones, which in a training loop is seldom: a run of many checkpoints grew by hundreds of megabytes. Good for one snapshot at a time.
/// </summary>
/// <param name="piece">Bytes of an array at most: a tensor may have more than one holds.</param>
internal sealed class SnapshotMemory(int piece = 256 << 20)
{
    private readonly Dictionary<string, byte[][]> _copies = new(StringComparer.Ordinal);

    /// <summary>Room for the copy of a tensor: arrays that follow one another.</summary>
    public IReadOnlyList<byte[]> Of(string name, long bytes)
    {
        if (!_copies.TryGetValue(name, out var copy) || copy.Sum(static array => (long)array.Length) != bytes)
            // Nobody clears what is overwritten at once: the loop waits for this.
            _copies[name] = copy = [.. Lengths(bytes).Select(static length => GC.AllocateUninitializedArray<byte>(length))];
        return copy;
    }

    /// <summary>The copy that was made of a tensor.</summary>
    public IReadOnlyList<byte[]> Of(string name) => _copies[name];

    private IEnumerable<int> Lengths(long bytes)
    {
        for (; bytes > 0; bytes -= piece)
            yield return (int)Math.Min(piece, bytes);
    }
}
