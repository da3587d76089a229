namespace Espalier.Compression.Pruning;

/// <summary>A row of the teacher's that goes into another: row ← (1 − Σ share) · row + Σ share · part, of the teacher's values.</summary>
/// <param name="Name">The tensor that it is in.</param>
/// <param name="Row">Which row of it.</param>
/// <param name="Share">Its share; −1 adds what the row is more than the part.</param>
/// <param name="Columns">Of each column of the row the column of the part; null where they are the same.</param>
internal readonly record struct RowPart(string Name, int Row, double Share, int[]? Columns = null);
