using Espalier.Evaluation.Conversations;

namespace Espalier.Evaluation.Judges;

/// <summary>What came of asking a judge.</summary>
/// <param name="Text">What it said; null where it did not answer.</param>
/// <param name="Failure">Why it did not; null where it did.</param>
/// <param name="Retries">How often it was asked again.</param>
internal sealed record JudgeReply(string? Text, string? Failure = null, int Retries = 0);

/// <summary>A model that judges what others wrote.</summary>
internal interface IJudge
{
    /// <summary>What it is called in reports.</summary>
    string Name { get; }

    /// <summary>What its replies are remembered by: another judge has another one.</summary>
    string Identity { get; }

    /// <summary>Asks questions, each of which is answered or has a reason why it is not.</summary>
    /// <param name="questions">The conversations that it answers.</param>
    /// <param name="answered">Receives each reply as it comes, with the question's place; never two at once.</param>
    /// <exception cref="EspalierException">No question can be answered: what is wrong, and the way out.</exception>
    void Ask(IReadOnlyList<IReadOnlyList<Message>> questions, Action<int, JudgeReply> answered, CancellationToken stop);
}
