namespace Espalier.Models.Generation.Sampling;

/// <summary>How one sequence's ids are chosen: what stands in it already, what may come, then the sampler.</summary>
internal sealed class Choice
{
    private readonly Sampler _sampler;
    private readonly RepetitionPenalty _repetition;
    private readonly CountPenalty _counts;
    private readonly ITokenMask? _mask;
    private readonly bool _scores;
    private float[] _before = [];

    /// <summary>The choices of a sequence.</summary>
    /// <param name="options">How they are made; they have been checked.</param>
    /// <param name="prompt">What stands in it already.</param>
    /// <param name="mask">What may come; null for everything.</param>
    /// <param name="scores">Whether <see cref="LogProbability"/> is wanted, which costs an exponential for each id.</param>
    public Choice(SamplingOptions options, IReadOnlyList<int> prompt, ITokenMask? mask = null, bool scores = false)
    {
        (_sampler, _repetition, _scores) = (new(options), new(options.RepetitionPenalty), scores);
        (_counts, _mask) = (new(options.PresencePenalty, options.FrequencyPenalty), mask);
        _repetition.See(prompt);
    }

    /// <summary>
    /// The natural logarithm of the probability that the model itself gave the id that was chosen last: at temperature 1, before penalties,
    /// masks, top-k and top-p. NaN where it is not wanted.
    /// </summary>
    public double LogProbability { get; private set; } = double.NaN;

    /// <summary>The next id; the logits may be changed.</summary>
    public int Of(Span<float> logits)
    {
        if (_scores)
            Keep(logits);
        _repetition.Apply(logits);
        _counts.Apply(logits);
        _mask?.Apply(logits);
        var chosen = _sampler.Choose(logits);
        _repetition.See(chosen);
        _counts.See(chosen);
        _mask?.Accept(chosen);
        if (_scores)
            LogProbability = TokenProbabilities.Of(_before.AsSpan(0, logits.Length), chosen, likeliest: 0).Chosen.LogProbability;
        return chosen;
    }

    private void Keep(ReadOnlySpan<float> logits)
    {
        if (_before.Length < logits.Length)
            _before = new float[logits.Length];
        logits.CopyTo(_before);
    }
}
