namespace Espalier.Evaluation.Tasks;

/// <summary>
/// Remembers what models gave to tasks, by the model's files and by every text that was asked: a task that is done is not run again when a
/// later one ends early, nor for a model that is compared again. It may be lost at any time.
/// </summary>
internal sealed class ScoreCache(string folder)
{
    // Raised when what is asked of a model, or how it is scored, changes.
    private const string Version = "2";

    /// <summary>That of this user: <c>espalier/evaluations</c> in <c>XDG_CACHE_HOME</c>, or in <c>~/.cache</c>.</summary>
    public static ScoreCache OfUser() => new(CacheFile.OfUser("evaluations"));

    /// <summary>What is remembered of a model's answers to something.</summary>
    /// <typeparam name="T">What is remembered of each document.</typeparam>
    /// <param name="model">Hash of the model's folder.</param>
    /// <param name="asked">Everything that the answers depend on beside the model.</param>
    public CacheFile<T> Of<T>(string model, IEnumerable<string> asked) where T : class => new(
        Path.Combine(folder, $"{ContentHash.OfTexts('\0', asked.Prepend(model).Prepend(Version))}.json"),
        PlainJson.Of<T[]>());
}
