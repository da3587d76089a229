using Espalier.Evaluation.Conversations;
using Espalier.Evaluation.Judges;
using Espalier.Evaluation.Tasks;

namespace Espalier.Evaluation.Judging;

/// <summary>What a judge said to one question, as the cache has it.</summary>
/// <param name="Place">The question's place.</param>
/// <param name="Text">What it said.</param>
internal sealed record KeptReply(int Place, string Text);

/// <summary>Asks a judge what it was not asked before.</summary>
internal static class KeptReplies
{
    // Replies cost money and time: what came is remembered after so many, and not at the end alone.
    private const int KeepEvery = 16;

    /// <summary>The replies, in the order of the questions.</summary>
    /// <param name="cache">Where replies are remembered, whether there is a grade in them or not; null nowhere.</param>
    /// <param name="questions">The conversations that it answers.</param>
    /// <param name="stop">Stops; what came until then is remembered.</param>
    /// <exception cref="EspalierException">No question can be answered.</exception>
    public static IReadOnlyList<JudgeReply> Ask(IJudge judge, ScoreCache? cache, IReadOnlyList<IReadOnlyList<Message>> questions,
        string name, IProgressReporter progress, CancellationToken stop)
    {
        var kept = cache?.Of<KeptReply>(judge.Identity,
            [.. questions.SelectMany(question => question.SelectMany(message => new[] { message.Role, message.Text }).Append(""))]);
        var known = (kept?.Read(progress.Note) ?? []).Where(reply => reply.Text is not null).DistinctBy(reply => reply.Place)
            .ToDictionary(reply => reply.Place, reply => reply.Text);
        void Keep() => kept?.Write([.. known.OrderBy(reply => reply.Key).Select(reply => new KeptReply(reply.Key, reply.Value))]);
        var made = 0;
        try
        {
            return JudgeRound.Run(judge, questions, $"{name}, judged by {judge.Name}", progress, new Dictionary<int, string>(known),
                (place, text) =>
                {
                    known[place] = text;
                    if (++made % KeepEvery == 0)
                        Keep();
                }, stop);
        }
        finally
        {
            if (made > 0)
                Keep();
        }
    }
}
