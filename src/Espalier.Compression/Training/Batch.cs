using Espalier.Compression.Data;

namespace Espalier.Compression.Training;

/// <summary>Some windows: inputs and, one later, targets, each <paramref name="Size"/> × <paramref name="Sequence"/> ids row by row.</summary>
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

    /// <summary>A batch with room for windows of a set, with what the set knows of them.</summary>
    public static Batch For(WindowSet windows, int size)
    {
        var sequence = windows.SequenceLength;
        var tokens = size * sequence;
        return new(
            new long[size], new long[tokens], new long[tokens], size, sequence,
            windows.Boundaries is null ? null : new long[tokens], windows.Mask is null ? null : new bool[tokens]);
    }

    /// <summary>Reads a window of the set that the batch was made for into a row.</summary>
    public void ReadRow(WindowSet windows, long window, int row)
    {
        var part = (row * Sequence)..((row + 1) * Sequence);
        Windows[row] = window;
        windows.Read(window, Inputs.AsSpan(part), Targets.AsSpan(part));
        if (Places is not null)
            windows.ReadPlaces(window, Inputs.AsSpan(part), Places.AsSpan(part));
        if (LossMask is not null)
            windows.ReadMask(window, LossMask.AsSpan(part));
    }
}
