namespace Espalier.Compression.Training;

/// <summary>Some windows: inputs and, one later, targets, each <paramref name="Size"/> × <paramref name="Sequence"/> ids row by row.</summary>
/// <param name="Windows">Which windows of the data they are, one a row.</param>
/// <param name="Inputs">Ids.</param>
/// <param name="Targets">The ids that follow.</param>
/// <param name="Size">Rows.</param>
/// <param name="Sequence">Ids of a row.</param>
public sealed record Batch(long[] Windows, long[] Inputs, long[] Targets, int Size, int Sequence)
{
    /// <summary>Positions, each of which is predicted once.</summary>
    public long Tokens => (long)Size * Sequence;
}
