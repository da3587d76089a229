namespace Espalier.Models.Generation;

/// <summary>How one sequence's ids are chosen: what stands in it already, what may come, then the sampler.</summary>
internal sealed class Choice
{
    private readonly Sampler _sampler;
    private readonly RepetitionPenalty _repetition;
    private readonly CountPenalty _counts;
    private readonly ITokenMask? _mask;

    /// <summary>Begins after a prompt.</summary>
    /// <param name="options">The options, which have been checked.</param>
    /// <param name="prompt">The prompt's ids.</param>
    /// <param name="mask">What may come; null for everything.</param>
    public Choice(SamplingOptions options, IReadOnlyList<int> prompt, ITokenMask? mask = null)
    {
        (_sampler, _repetition) = (new(options), new(options.RepetitionPenalty));
        (_counts, _mask) = (new(options.PresencePenalty, options.FrequencyPenalty), mask);
        _repetition.See(prompt);
    }

    /// <summary>The next id; the logits may be changed.</summary>
    public int Of(Span<float> logits)
    {
        _repetition.Apply(logits);
        _counts.Apply(logits);
        _mask?.Apply(logits);
        var chosen = _sampler.Choose(logits);
        _repetition.See(chosen);
        _counts.See(chosen);
        _mask?.Accept(chosen);
        return chosen;
    }
}
