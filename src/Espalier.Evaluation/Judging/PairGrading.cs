using Espalier.Evaluation.Conversations;

namespace Espalier.Evaluation.Judging;

/// <summary>Which one of two answers is the better.</summary>
internal enum PairWinner
{
    /// <summary>Neither.</summary>
    Tie,

    /// <summary>The first model's.</summary>
    First,

    /// <summary>The second model's.</summary>
    Second,
}

/// <summary>
/// Two answers beside each other. A judge prefers what stands first, so each pair is shown in both orders, and a model wins where both
/// verdicts are for it (arXiv 2306.05685, section 3.4; fastchat/llm_judge/show_result.py).
/// </summary>
internal static class PairGrading
{
    /// <summary>What a judge is asked of one turn.</summary>
    /// <param name="first">What assistant A answered, turn by turn.</param>
    /// <param name="second">What assistant B answered.</param>
    /// <param name="turn">The turn, from 0.</param>
    public static IReadOnlyList<Message> Question(JudgePrompts prompts, JudgedQuestion question, IReadOnlyList<string> first,
        IReadOnlyList<string> second, int turn)
    {
        var fields = QuestionFields.Of(question, turn);
        foreach (var (letter, answers) in new[] { ('a', first), ('b', second) })
            QuestionFields.Add(fields, $"answer_{letter}", answers, turn);
        return prompts.Pair(turn, question.References is not null).Fill(fields);
    }

    /// <summary>
    /// The verdict in a judge's reply: <c>[[A]]</c>, else <c>[[B]]</c>, else <c>[[C]]</c> for a tie, wherever it stands. Null where there
    /// is none.
    /// </summary>
    /// <param name="isSwapped">Whether assistant A was the second model.</param>
    public static PairWinner? Verdict(string reply, bool isSwapped)
    {
        bool Says(string verdict) => reply.Contains(verdict, StringComparison.Ordinal);
        return Says("[[A]]") ? isSwapped ? PairWinner.Second : PairWinner.First
            : Says("[[B]]") ? isSwapped ? PairWinner.First : PairWinner.Second
            : Says("[[C]]") ? PairWinner.Tie : null;
    }

    /// <summary>What both orders come to: the winner where they agree, else a tie; null where one has no verdict.</summary>
    /// <param name="asItStands">The verdict with the first model first.</param>
    /// <param name="swapped">The verdict with the second model first.</param>
    public static PairWinner? Both(PairWinner? asItStands, PairWinner? swapped) => asItStands is null || swapped is null ? null
        : asItStands == swapped ? asItStands : PairWinner.Tie;
}
