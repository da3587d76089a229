namespace Espalier.Models.Generation;

/// <summary>How one sequence's ids are chosen: what stands in it already, then the sampler.</summary>
internal sealed class Choice
{
    private readonly Sampler _sampler;
    private readonly RepetitionPenalty _repetition;

    public Choice(SamplingOptions options, IReadOnlyList<int> prompt)
    {
        (_sampler, _repetition) = (new(options), new(options.RepetitionPenalty));
        _repetition.See(prompt);
    }

    /// <summary>The next id; the logits may be changed.</summary>
    public int Of(Span<float> logits)
    {
        _repetition.Apply(logits);
        var chosen = _sampler.Choose(logits);
        _repetition.See(chosen);
        return chosen;
    }
}
