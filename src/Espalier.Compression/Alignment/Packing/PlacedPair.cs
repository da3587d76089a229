namespace Espalier.Compression.Alignment.Packing;

/// <summary>Where the two answers of a pair stand in a window, each with the question before it.</summary>
/// <param name="Window">Which window.</param>
/// <param name="Chosen">Tokens of the conversation with the preferred answer: the first, and the one after the last.</param>
/// <param name="Rejected">The same of the other one.</param>
/// <param name="Reward">The chosen answer's reward less the rejected one's; 0 where the data has none.</param>
internal readonly record struct PlacedPair(long Window, (int Start, int End) Chosen, (int Start, int End) Rejected, double Reward);
