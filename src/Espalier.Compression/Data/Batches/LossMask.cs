namespace Espalier.Compression.Data.Batches;

/// <summary>
/// Which tokens of a stream count in the loss where they are to be predicted: an assistant's answers, say, and not what was asked. What
/// does not count is read all the same, as context.
/// </summary>
/// <param name="counted">One flag a token of the stream, in its order; stays the caller's.</param>
public sealed class LossMask(ReadOnlyMemory<bool> counted)
{
    /// <summary>Tokens of the stream.</summary>
    public long Count => counted.Length;

    /// <summary>Flags of the tokens from <paramref name="start"/> on; fills <paramref name="flags"/>.</summary>
    public void Read(long start, Span<bool> flags) => counted.Span.Slice((int)start, flags.Length).CopyTo(flags);

    /// <summary>How many of <paramref name="count"/> tokens from <paramref name="start"/> on count.</summary>
    public int CountedIn(long start, int count) => counted.Span.Slice((int)start, count).Count(true);
}
