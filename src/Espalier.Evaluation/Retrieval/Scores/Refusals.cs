namespace Espalier.Evaluation.Retrieval.Scores;

/// <summary>
/// Answers that say that the passages hold none, by ChatRAG-Bench's rules (evaluation/get_scores.py and evaluation_utils.py): what a model
/// writes is taken for the benchmark's one sentence where any of some phrases is in it.
/// </summary>
internal static class Refusals
{
    /// <summary>The right answer to a question that the passages do not answer, as ChatRAG-Bench's data have it.</summary>
    public const string Sentence = "Sorry. I cannot find the answer based on the context.";

    // Facts of the scorer: another list would give other verdicts ("couldnot" is its own spelling).
    private static readonly string[] s_phrases =
    [
        "cannot find", "can't find", "can not find", "could not find", "couldn't find", "cannot be found", "not able to", "unable to",
        "cannot provide", "does not provide", "doesn't provide", "not provided", "cannot answer", "can't answer", "couldnot answer",
        "couldn't answer", "cannot be determined", "do not have", "don't have", "don't know", "no information", "there is no",
        "does not mention", "doesn't mention", "not mentioned", "not explicitly mentioned", "not explicitly explain",
        "does not specify", "doesn't specify", "does not include", "doesn't include", "does not contain", "doesn't contain",
        "does not indicate", "doesn't indicate", "does not disclose", "doesn't disclose",
    ];

    /// <summary>The answer, or the benchmark's sentence for one that refuses; as it does for QuAC and DoQA.</summary>
    public static string Map(string answer)
    {
        var lower = answer.ToLowerInvariant();
        return Array.Exists(s_phrases, phrase => lower.Contains(phrase, StringComparison.Ordinal)) ? Sentence : answer;
    }

    /// <summary>Whether an answer refuses.</summary>
    public static bool IsOne(string answer)
    {
        var lower = Map(answer).ToLowerInvariant();
        return lower.Contains("sorry", StringComparison.Ordinal) && lower.Contains("cannot find the answer", StringComparison.Ordinal);
    }

    /// <summary>
    /// Right answers without the sentence, which INSCIT's have beside others; all of them where nothing else is left.
    /// </summary>
    public static IReadOnlyList<string> Without(IReadOnlyList<string> answers)
    {
        string[] others = [.. answers.Where(answer => answer != Sentence)];
        return others.Length > 0 ? others : answers;
    }
}
