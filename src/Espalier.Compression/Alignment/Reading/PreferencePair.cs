namespace Espalier.Compression.Alignment.Reading;

/// <summary>Two answers to one question, of which the first is preferred.</summary>
/// <param name="Chosen">The conversation with the preferred answer.</param>
/// <param name="Rejected">The conversation with the other one.</param>
/// <param name="ChosenReward">The reward of the first, by whatever judge; null where the record has none.</param>
/// <param name="RejectedReward">The reward of the second.</param>
internal sealed record PreferencePair(Conversation Chosen, Conversation Rejected, double? ChosenReward, double? RejectedReward);
