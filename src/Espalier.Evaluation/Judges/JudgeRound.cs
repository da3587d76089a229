using Espalier.Evaluation.Conversations;

namespace Espalier.Evaluation.Judges;

/// <summary>Asks a judge many questions, those that are known not again.</summary>
internal static class JudgeRound
{
    /// <summary>The replies, in the order of the questions.</summary>
    /// <param name="questions">The conversations that it answers.</param>
    /// <param name="known">What it said before, by the question's place.</param>
    /// <param name="made">Receives each new text as it comes, with the question's place; a failure is not remembered.</param>
    /// <param name="silence">After so long without a reply that is said; null <see cref="SilenceNotes.Usual"/>.</param>
    /// <exception cref="EspalierException">No question can be answered.</exception>
    public static IReadOnlyList<JudgeReply> Run(IJudge judge, IReadOnlyList<IReadOnlyList<Message>> questions, string name,
        IProgressReporter progress, IReadOnlyDictionary<int, string> known, Action<int, string> made, CancellationToken stop,
        TimeSpan? silence = null)
    {
        var replies = new JudgeReply?[questions.Count];
        foreach (var (place, text) in known)
            if (place >= 0 && place < replies.Length)
                replies[place] = new(text);
        int[] open = [.. Enumerable.Range(0, replies.Length).Where(place => replies[place] is null)];
        using var task = progress.Begin(name, replies.Length, "verdicts");
        task.Report(replies.Length - open.Length);
        if (open.Length == 0)
            return replies!;
        using var silent = new SilenceNotes(name, progress, silence ?? SilenceNotes.Usual);
        judge.Ask([.. open.Select(place => questions[place])], (i, reply) =>
        {
            silent.Hear();
            replies[open[i]] = reply;
            if (reply.Text is { } text)
                made(open[i], text);
            task.Advance(1);
        }, stop);
        return replies!;
    }
}
