namespace Espalier.Compression.Importance.Depth;

/// <summary>Rows of ids that go through the model together, and the positions whose predictions are looked at.</summary>
/// <param name="Ids">[row][position], from position 0.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Length">Positions of a row; shorter ones are filled up after, where nothing looks.</param>
/// <param name="Targets">The id that each looked-at position should predict.</param>
/// <param name="Positions">Those positions, counted through all rows; null for all.</param>
/// <param name="FirstRow">How many rows of the data come before.</param>
internal sealed record DepthBatch(long[] Ids, int Rows, int Length, long[] Targets, long[]? Positions, int FirstRow);
