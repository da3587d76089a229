using Espalier.Evaluation.Requests;

namespace Espalier.Evaluation.Texts;

/// <summary>Asks a model for the texts of a task.</summary>
internal static class GeneratedEvaluator
{
    /// <summary>What was written to all prompts, in their order.</summary>
    /// <param name="known">What was written before, by the prompt's place: not asked again.</param>
    /// <param name="made">Receives each new text as it is done, with the prompt's place; null where nobody keeps them.</param>
    /// <param name="attempt">Which of several sampled answers is written; null the one greedy answer.</param>
    /// <exception cref="EspalierException">A text cannot be continued; its place is named.</exception>
    public static IReadOnlyList<Generation> Run(Generations generations, WrittenKind kind, IReadOnlyList<GeneratedPrompt> prompts,
        string name, IProgressReporter progress, IReadOnlyDictionary<int, Generation>? known = null, Action<int, Generation>? made = null,
        Attempt? attempt = null, CancellationToken stop = default)
    {
        var all = prompts.Select((_, place) => known?.GetValueOrDefault(place)).ToArray();
        int[] open = [.. Enumerable.Range(0, all.Length).Where(place => all[place] is null)];
        using var task = progress.Begin(name, all.Length, "texts");
        task.Report(all.Length - open.Length);
        generations.Run([.. open.Select(Request)], kind.Stop, kind.MaxTokens, (i, text) =>
            {
                all[open[i]] = text;
                made?.Invoke(open[i], text);
                task.Advance(1);
            }, stop: stop);
        return all!;

        GenerationRequest Request(int place)
        {
            var (prompt, document) = (prompts[place].Text, prompts[place].Document);
            return new(prompt, document.Place, attempt?.Of(document.Number, prompt));
        }
    }
}
