namespace Espalier.Models.Generation;

/// <summary>How one sequence's ids are chosen: what stands in it already, then the sampler.</summary>
internal sealed class Choice
{
    private readonly Sampler _sampler;
    private readonly RepetitionPenalty _repetition;
    private readonly bool _scores;
    private float[] _before = [];

    /// <summary>The choices of a sequence.</summary>
    /// <param name="options">How they are made.</param>
    /// <param name="prompt">What stands in it already.</param>
    /// <param name="scores">Whether <see cref="LogProbability"/> is wanted, which costs an exponential for each id.</param>
    public Choice(SamplingOptions options, IReadOnlyList<int> prompt, bool scores = false)
    {
        (_sampler, _repetition, _scores) = (new(options), new(options.RepetitionPenalty), scores);
        _repetition.See(prompt);
    }

    /// <summary>
    /// The natural logarithm of the probability that the model itself gave the id that was chosen last: at temperature 1, before penalty,
    /// top-k and top-p. NaN where it is not wanted.
    /// </summary>
    public double LogProbability { get; private set; } = double.NaN;

    /// <summary>The next id; the logits may be changed.</summary>
    public int Of(Span<float> logits)
    {
        if (_scores)
            Keep(logits);
        _repetition.Apply(logits);
        var chosen = _sampler.Choose(logits);
        _repetition.See(chosen);
        if (_scores)
            LogProbability = LogSoftmax(_before.AsSpan(0, logits.Length), chosen);
        return chosen;
    }

    private void Keep(ReadOnlySpan<float> logits)
    {
        if (_before.Length < logits.Length)
            _before = new float[logits.Length];
        logits.CopyTo(_before);
    }

    private static double LogSoftmax(ReadOnlySpan<float> logits, int id)
    {
        var most = float.NegativeInfinity;
        foreach (var logit in logits)
            most = Math.Max(most, logit);
        var total = 0.0;
        foreach (var logit in logits)
            total += Math.Exp(logit - (double)most);
        return logits[id] - (double)most - Math.Log(total);
    }
}
