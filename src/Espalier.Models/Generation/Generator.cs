using Espalier.Torch;

namespace Espalier.Models.Generation;

/// <summary>Continues a sequence of ids with a key/value cache.</summary>
public static class Generator
{
    /// <summary>
    /// Ids that follow the prompt, one by one as they are chosen; the prompt itself is not among them. Ends after <paramref name="maxTokens"/>,
    /// when the model's positions are used up, or with an id of <paramref name="stopIds"/> (which is given too).
    /// </summary>
    /// <exception cref="EspalierException">An empty prompt, an id outside the vocabulary, or a prompt longer than the model's positions.</exception>
    public static IEnumerable<int> Continue(
        Decoder model, IReadOnlyList<int> prompt, int maxTokens, SamplingOptions options, IReadOnlySet<int>? stopIds = null, CancellationToken stop = default)
    {
        var config = model.Config;
        options.Validate();
        if (maxTokens < 0)
            throw new EspalierException($"max-tokens is {maxTokens} and must be at least 0");
        if (prompt.Count == 0)
            throw new EspalierException("the prompt has no ids: give some text, or ids that start with the model's BOS");
        for (var i = 0; i < prompt.Count; i++)
            if ((uint)prompt[i] >= (uint)config.VocabularySize)
                throw new EspalierException($"id {prompt[i]} at position {i} of the prompt is outside the vocabulary of {config.VocabularySize}");
        if (prompt.Count > config.MaxPositions)
            throw new EspalierException($"the prompt has {prompt.Count} ids and the model {config.MaxPositions} positions: shorten it");
        return Run(model, prompt, Math.Min(maxTokens, config.MaxPositions - prompt.Count), options, stopIds, stop);
    }

    private static IEnumerable<int> Run(
        Decoder model, IReadOnlyList<int> prompt, int count, SamplingOptions options, IReadOnlySet<int>? stopIds, CancellationToken stop)
    {
        using var cache = new KeyValueCache(model.Config, 1, prompt.Count + Math.Max(0, count), model.DType);
        var (sampler, repetition) = (new Sampler(options), new RepetitionPenalty(options.RepetitionPenalty));
        repetition.See(prompt);
        long[] next = [.. prompt.Select(id => (long)id)];
        for (var i = 0; i < count; i++)
        {
            stop.ThrowIfCancellationRequested();
            var logits = NextLogits(model, next, cache);
            repetition.Apply(logits);
            var chosen = sampler.Choose(logits);
            repetition.See([chosen]);
            yield return chosen;
            if (stopIds?.Contains(chosen) == true)
                yield break;
            next = [chosen];
        }
    }

    private static float[] NextLogits(Decoder model, long[] ids, KeyValueCache cache)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var hidden_1TD = model.Forward(Tensor.From<long>(ids, 1, ids.Length), cache: cache);
        return model.Logits(hidden_1TD.Select(1, ids.Length - 1)).To(DType.Float32).ToArray<float>();
    }
}
