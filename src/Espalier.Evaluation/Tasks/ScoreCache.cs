using Espalier.Evaluation.Requests;
using Espalier.Files;

namespace Espalier.Evaluation.Tasks;

/// <summary>What a model gave one document's choices, as the cache has it.</summary>
/// <param name="LogLikelihoods">Of each choice, nats.</param>
/// <param name="IsGreedy">Whether each id of the choice is the likeliest there.</param>
/// <param name="Cut">Ids of the context that were cut.</param>
internal sealed record KeptScores(double[] LogLikelihoods, bool[] IsGreedy, int Cut);

/// <summary>
/// Remembers what models gave to tasks, by the model's files and by every text that was asked: a task that is done is not run again when a
/// later one ends early, nor for a model that is compared again. It may be lost at any time.
/// </summary>
/// <param name="folder">Where it lies.</param>
internal sealed class ScoreCache(string folder)
{
    // Raised when what is asked of a model, or how it is scored, changes.
    private const string Version = "1";

    /// <summary>That of this user: <c>espalier/evaluations</c> in <c>XDG_CACHE_HOME</c>, or in <c>~/.cache</c>.</summary>
    public static ScoreCache OfUser() => new(CacheFile.OfUser("evaluations"));

    /// <summary>The name of what a model gives to prompts.</summary>
    /// <param name="model">Hash of the model's folder.</param>
    /// <param name="prompts">Everything that is asked.</param>
    public static string KeyOf(string model, IReadOnlyList<ChoicePrompt> prompts) => ContentHash.OfText(
        string.Join('\0', prompts.SelectMany(prompt => prompt.Pairs.SelectMany(pair => new[] { pair.Context, pair.Continuation }))
            .Prepend(model).Prepend(Version)));

    /// <summary>Results that are known, or null.</summary>
    public IReadOnlyList<ChoiceResult>? Find(string key, IReadOnlyList<ChoicePrompt> prompts)
    {
        var kept = File(key).Read();
        if (kept.Length != prompts.Count)
            return null;
        var results = new List<ChoiceResult>();
        foreach (var (prompt, scores) in prompts.Zip(kept))
        {
            if (scores.LogLikelihoods?.Length != prompt.Pairs.Count || scores.IsGreedy?.Length != prompt.Pairs.Count)
                return null;
            results.Add(new(prompt, [.. scores.LogLikelihoods.Zip(scores.IsGreedy, (ll, greedy) => new ContinuationScore(ll, greedy))],
                scores.Cut));
        }
        return results;
    }

    /// <summary>Remembers results.</summary>
    public void Keep(string key, IReadOnlyList<ChoiceResult> results) => File(key).Write([.. results.Select(result => new KeptScores(
        [.. result.Scores.Select(score => score.LogLikelihood)], [.. result.Scores.Select(score => score.IsGreedy)], result.Cut))]);

    private CacheFile<KeptScores> File(string key) => new(Path.Combine(folder, $"{key}.json"), PlainJson.Of<KeptScores[]>());
}
