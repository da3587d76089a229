namespace Espalier.Compression.Training;

/// <summary>Some windows: inputs and, one later, targets, each <paramref name="Size"/> × <paramref name="Sequence"/> ids row by row.</summary>
public sealed record Batch(long[] Inputs, long[] Targets, int Size, int Sequence)
{
    /// <summary>Positions, each of which is predicted once.</summary>
    public long Tokens => (long)Size * Sequence;
}
