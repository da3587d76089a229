using Espalier.Evaluation.Requests;
using Espalier.Files;

namespace Espalier.Evaluation.Tasks;

/// <summary>What a model gave one document's choices, as the cache has it.</summary>
/// <param name="LogLikelihoods">Of each choice, nats.</param>
/// <param name="IsGreedy">Whether each id of the choice is the likeliest there.</param>
/// <param name="Cut">Ids of the context that were cut.</param>
internal sealed record KeptScores(double[] LogLikelihoods, bool[] IsGreedy, int Cut);

/// <summary>What a model wrote to one document, as the cache has it.</summary>
/// <param name="Place">The document's place among those of the task.</param>
/// <param name="Text">The text.</param>
/// <param name="Tokens">Its tokens.</param>
/// <param name="End">Why it ended.</param>
/// <param name="Cut">Ids of the prompt that were cut.</param>
internal sealed record KeptText(int Place, string Text, int Tokens, GenerationEnd End, int Cut);

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

    /// <summary>The name of what a model writes to prompts.</summary>
    /// <param name="model">Hash of the model's folder.</param>
    /// <param name="kind">When a text ends.</param>
    /// <param name="prompts">Everything that is asked.</param>
    public static string KeyOf(string model, GeneratedKind kind, IReadOnlyList<GeneratedPrompt> prompts) => ContentHash.OfText(
        string.Join('\0', [Version, model, $"{kind.MaxTokens}", .. kind.Stop, "", .. prompts.Select(prompt => prompt.Text)]));

    /// <summary>Texts that are known, by the prompt's place.</summary>
    public Dictionary<int, Generation> FindTexts(string key) => Texts(key).Read().DistinctBy(text => text.Place)
        .ToDictionary(text => text.Place, text => new Generation(text.Text ?? "", text.Tokens, text.End, text.Cut));

    /// <summary>Remembers texts, all that there are.</summary>
    public void Keep(string key, IReadOnlyDictionary<int, Generation> texts) => Texts(key).Write([.. texts.OrderBy(text => text.Key)
        .Select(text => new KeptText(text.Key, text.Value.Text, text.Value.Tokens, text.Value.End, text.Value.Cut))]);

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

    private CacheFile<KeptText> Texts(string key) => new(Path.Combine(folder, $"{key}.json"), PlainJson.Of<KeptText[]>());

    private CacheFile<KeptScores> File(string key) => new(Path.Combine(folder, $"{key}.json"), PlainJson.Of<KeptScores[]>());
}
