namespace Espalier.Compression.Data.Batches;

/// <summary>
/// Some rows of text: inputs and, one later, targets, each <paramref name="Size"/> × <paramref name="Sequence"/> ids row by row.
/// </summary>
/// <param name="Windows">Which windows of the data they are, one a row.</param>
/// <param name="Inputs">Ids.</param>
/// <param name="Targets">The ids that follow.</param>
/// <param name="Size">Rows.</param>
/// <param name="Sequence">Ids of a row.</param>
/// <param name="Places">Each input's place in its document where attention is to end there; null where it is not.</param>
/// <param name="LossMask">Whether each target counts in the loss; null where all of them do.</param>
public sealed record Batch(
    long[] Windows, long[] Inputs, long[] Targets, int Size, int Sequence, long[]? Places = null, bool[]? LossMask = null)
{
    /// <summary>Positions, each of which is predicted once.</summary>
    public long Tokens => (long)Size * Sequence;

    /// <summary>Positions whose prediction counts in the loss.</summary>
    public long CountedTokens => LossMask is null ? Tokens : LossMask.AsSpan().Count(true);
}
