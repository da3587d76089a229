namespace Espalier.Compression.Data.Batches;

/// <summary>
/// Where batches come from. Rows stand at positions of an endless stream; what stands at a position depends on the position alone, so that
/// a run goes on where it stopped, and several processes each read their part of a step. Calls may come from several threads.
/// </summary>
public interface IBatchSource
{
    /// <summary>Ids per row: this many inputs and as many targets.</summary>
    int Sequence { get; }

    /// <summary>The window of the data at a position, for logs and caches.</summary>
    long WindowAt(long position);

    /// <summary>Targets of the rows at <paramref name="first"/> and after it that count in the loss.</summary>
    long CountedTokens(long first, int rows);

    /// <summary>A batch with room for this many rows and for what the source knows about them.</summary>
    Batch Allocate(int rows);

    /// <summary>
    /// Reads the rows at <paramref name="first"/> and after it into a batch of <see cref="Allocate"/>: as many as it has.
    /// </summary>
    void Fill(Batch batch, long first);
}

/// <summary>Walks over a source.</summary>
internal static class BatchSource
{
    /// <summary>
    /// The first <paramref name="count"/> rows, at most <paramref name="rows"/> at a time, each batch with arrays of its own.
    /// </summary>
    public static IEnumerable<Batch> Batches(this IBatchSource source, long count, int rows)
    {
        for (var done = 0L; done < count; done += rows)
        {
            var batch = source.Allocate((int)Math.Min(rows, count - done));
            source.Fill(batch, done);
            yield return batch;
        }
    }
}
