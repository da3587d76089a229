using Espalier.Evaluation.Conversations;
using Espalier.Evaluation.Judges;
using Espalier.Evaluation.Tasks;

namespace Espalier.Evaluation.Judging;

/// <summary>What a judge said to one question, as the cache has it.</summary>
/// <param name="Text">What it said.</param>
internal sealed record KeptReply(string Text);

/// <summary>
/// Asks a judge what it was not asked before. Each reply is remembered by itself, as it comes: replies cost money and time, and a question
/// more or less asks none of the others again.
/// </summary>
internal static class KeptReplies
{
    /// <summary>The replies, in the order of the questions.</summary>
    /// <param name="cache">Where replies are remembered, whether there is a grade in them or not; null nowhere.</param>
    /// <param name="questions">The conversations that it answers.</param>
    /// <param name="stop">Stops; what came until then is remembered.</param>
    /// <exception cref="EspalierException">No question can be answered.</exception>
    public static IReadOnlyList<JudgeReply> Ask(IJudge judge, ScoreCache? cache, IReadOnlyList<IReadOnlyList<Message>> questions,
        string name, IProgressReporter progress, CancellationToken stop)
    {
        var asked = new Dictionary<string, int>();
        CacheFile<KeptReply>?[] kept = [.. questions.Select(question =>
        {
            string[] words = [.. question.SelectMany(message => new[] { message.Role, message.Text })];
            // One that is asked twice has two replies.
            var key = string.Join('\0', words);
            var times = asked[key] = asked.GetValueOrDefault(key) + 1;
            return cache?.Of<KeptReply>(judge.Identity, [.. words, $"reply {times}"]);
        })];
        var known = new Dictionary<int, string>();
        foreach (var (place, file) in kept.Index())
            if (file?.Read(progress.Note) is [{ Text: { } text }])
                known.Add(place, text);
        return JudgeRound.Run(judge, questions, $"{name}, judged by {judge.Name}", progress, known,
            (place, text) => kept[place]?.Write([new(text)]), stop);
    }
}
