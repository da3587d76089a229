using Espalier.Compression.Evaluation;
using Espalier.Evaluation.Requests;
using Espalier.Models.Tokenizers;

namespace Espalier.Evaluation.Choices;

/// <summary>Asks a model the documents of a task.</summary>
internal static class ChoiceEvaluator
{
    /// <summary>Results of all prompts, in their order.</summary>
    /// <param name="done">Told how many more documents are done.</param>
    /// <exception cref="EspalierException">
    /// A choice has no id of its own, or more than the model has positions; its place is named.
    /// </exception>
    public static IReadOnlyList<ChoiceResult> Run(Decoder model, Tokenizer tokenizer, IReadOnlyList<ChoicePrompt> prompts,
        Action<int>? done = null, CancellationToken stop = default)
    {
        // Choices of one context are one request, and those of several contexts one each.
        var (requests, places) = (new List<ScoredRequest>(), new List<(int Prompt, int[] Choices)>());
        var cut = new int[prompts.Count];
        foreach (var (i, prompt) in prompts.Index())
        {
            var pairs = prompt.Pairs.Select(pair => Encode(tokenizer, prompt, pair, model.Config)).ToArray();
            cut[i] = pairs.Max(pair => Math.Max(0, pair.Context.Length + pair.Continuation.Length - 1 - model.Config.MaxPositions));
            foreach (var same in Enumerable.Range(0, pairs.Length).GroupBy(choice => pairs[choice].Context, IdsComparer.Instance))
            {
                requests.Add(new(same.Key, [.. same.Select(choice => pairs[choice].Continuation)]));
                places.Add((i, [.. same]));
            }
        }
        // Progress is told in documents, of which one may have several contexts.
        var (scored, told) = (0L, 0);
        var scores = new LogLikelihoods(model).Of(requests, more =>
        {
            var documents = (int)((scored += more) * prompts.Count / requests.Count);
            done?.Invoke(documents - told);
            told = documents;
        }, stop);
        var results = prompts.Select(prompt => new ContinuationScore[prompt.Pairs.Count]).ToArray();
        foreach (var ((prompt, choices), found) in places.Zip(scores))
            foreach (var (choice, score) in choices.Zip(found))
                results[prompt][choice] = score;
        return [.. prompts.Select((prompt, i) => new ChoiceResult(prompt, results[i], cut[i]))];
    }

    /// <summary>The ids of one choice.</summary>
    /// <exception cref="EspalierException">The choice has no id of its own, or more than the model has positions.</exception>
    internal static ContinuationIds Encode(Tokenizer tokenizer, ChoicePrompt prompt, (string Context, string Continuation) pair,
        DecoderConfig config)
    {
        try
        {
            var ids = ContinuationIds.Of(tokenizer, pair.Context, pair.Continuation);
            tokenizer.RequireRows([.. ids.Context, .. ids.Continuation], config.VocabularySize, "documents");
            _ = ids.Within(config.MaxPositions);
            return ids;
        }
        catch (EspalierException error)
        {
            throw new EspalierException($"{prompt.Document.Place}: {error.Message}");
        }
    }

    private sealed class IdsComparer : IEqualityComparer<int[]>
    {
        public static IdsComparer Instance { get; } = new();

        public bool Equals(int[]? a, int[]? b) => a.AsSpan().SequenceEqual(b);

        public int GetHashCode(int[] ids)
        {
            var hash = new HashCode();
            foreach (var id in ids)
                hash.Add(id);
            return hash.ToHashCode();
        }
    }
}
