namespace Espalier.Evaluation.Instructions;

/// <summary>Which of a document's instructions a response follows.</summary>
/// <param name="Strict">Of each, whether the response follows it as it stands.</param>
/// <param name="Loose">
/// Of each, whether the response does, or one of it without its first or last line, or both, or without its asterisks.
/// </param>
internal sealed record InstructionVerdicts(IReadOnlyList<string> Ids, IReadOnlyList<bool> Strict, IReadOnlyList<bool> Loose)
{
    /// <summary>Whether all are followed, strictly.</summary>
    public bool FollowsAllStrictly => Strict.All(follows => follows);

    /// <summary>Whether all are followed, loosely.</summary>
    public bool FollowsAllLoosely => Loose.All(follows => follows);
}
