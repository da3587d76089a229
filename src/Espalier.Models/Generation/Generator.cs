using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Generation.Sampling;

namespace Espalier.Models.Generation;

/// <summary>Continues sequences of ids with a key/value cache.</summary>
internal static class Generator
{
    /// <summary>
    /// Ids that follow the prompt, one by one as they are chosen; the prompt itself is not among them. Ends after
    /// <paramref name="maxTokens"/>, when the model's positions are used up, or with an id of <paramref name="stopIds"/> (which is given
    /// too).
    /// </summary>
    /// <exception cref="EspalierException">
    /// An empty prompt, an id outside the vocabulary, or a prompt longer than the model's positions.
    /// </exception>
    public static IEnumerable<int> Continue(
        Decoder model, IReadOnlyList<int> prompt, int maxTokens, SamplingOptions options, IReadOnlySet<int>? stopIds = null,
        CancellationToken stop = default)
    {
        var count = Check(model.Config, prompt, maxTokens, options);
        return PackedWeights.Takes(model)
            ? Packed(PackedWeights.Of(model), isOwn: true, prompt, count, options, stopIds, stop)
            : ByParts(model, prompt, count, options, stopIds, stop);
    }

    /// <summary>The same with packed weights, which stay the caller's.</summary>
    /// <exception cref="EspalierException">As with a decoder.</exception>
    public static IEnumerable<int> Continue(
        PackedWeights model, IReadOnlyList<int> prompt, int maxTokens, SamplingOptions options, IReadOnlySet<int>? stopIds = null,
        CancellationToken stop = default) =>
        Packed(model, isOwn: false, prompt, Check(model.Config, prompt, maxTokens, options), options, stopIds, stop);

    /// <summary>Most ids that may follow a prompt; refuses prompts that cannot be continued.</summary>
    internal static int Check(DecoderConfig config, IReadOnlyList<int> prompt, int maxTokens, SamplingOptions options)
    {
        options.Validate();
        if (maxTokens < 0)
            throw new EspalierException($"max-tokens is {maxTokens}; it must be at least 0");
        if (prompt.Count == 0)
            throw new EspalierException("the prompt has no ids: give some text, or ids that start with the model's BOS");
        for (var i = 0; i < prompt.Count; i++)
            if ((uint)prompt[i] >= (uint)config.VocabularySize)
                throw new EspalierException(
                    $"id {prompt[i]} at position {i} of the prompt is outside the vocabulary of {config.VocabularySize}");
        if (prompt.Count > config.MaxPositions)
            throw new EspalierException($"the prompt has {prompt.Count} ids, but the model has {config.MaxPositions} positions: shorten "
                + "it");
        return Math.Min(maxTokens, config.MaxPositions - prompt.Count);
    }

    private static IEnumerable<int> Packed(
        PackedWeights model, bool isOwn, IReadOnlyList<int> prompt, int count, SamplingOptions options, IReadOnlySet<int>? stopIds,
        CancellationToken stop)
    {
        using var own = isOwn ? model : null;
        if (count == 0)
            yield break;
        using var decoder = new RowDecoder(model, 1, prompt.Count + count);
        var choice = new Choice(options, prompt);
        stop.ThrowIfCancellationRequested();
        List<int> ids = [.. prompt];
        int[] sequence = [0], position = [prompt.Count], chosen = [choice.Of(decoder.Begin(0, [.. ids], stop))];
        for (var i = 1; ; i++)
        {
            yield return chosen[0];
            if (i == count || stopIds?.Contains(chosen[0]) == true)
                yield break;
            stop.ThrowIfCancellationRequested();
            ids.Add(chosen[0]);
            if (decoder.IsToBegin(ids.Count))
                chosen[0] = choice.Of(decoder.Begin(0, [.. ids], stop));
            else
            {
                decoder.Next(sequence, position, chosen);
                chosen[0] = choice.Of(decoder.Logits(0));
            }
            position[0]++;
        }
    }

    // Other element types and devices: the decoder's own operators.
    private static IEnumerable<int> ByParts(
        Decoder model, IReadOnlyList<int> prompt, int count, SamplingOptions options, IReadOnlySet<int>? stopIds, CancellationToken stop)
    {
        using var cache = new KeyValueCache(model.Config, 1, prompt.Count + count, model.DType, model.Device);
        var choice = new Choice(options, prompt);
        List<long> ids = [.. prompt.Select(id => (long)id)];
        long[] next = [.. ids];
        for (var i = 0; i < count; i++)
        {
            stop.ThrowIfCancellationRequested();
            var chosen = choice.Of(NextLogits(model, next, cache));
            yield return chosen;
            if (stopIds?.Contains(chosen) == true)
                yield break;
            ids.Add(chosen);
            next = [chosen];
            // Keys of a short text are of no use in a long one (LongRoPE).
            if (ids.Count == model.Config.LongAfter + 1L)
            {
                cache.Clear();
                next = [.. ids];
            }
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
