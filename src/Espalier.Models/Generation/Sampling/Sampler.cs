namespace Espalier.Models.Generation.Sampling;

/// <summary>How the next id is chosen.</summary>
public sealed record SamplingOptions
{
    /// <summary>0 is greedy: always the likeliest, the first of equal ones.</summary>
    public double Temperature { get; init; }

    /// <summary>Only the k likeliest; 0 is all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the likeliest whose probabilities add up to this (nucleus, arXiv 1904.09751); 1 is all.</summary>
    public double TopP { get; init; } = 1.0;

    /// <summary>
    /// Only ids at least this many times as likely as the likeliest one (arXiv 2407.01082), after top-k and top-p; 0 is all.
    /// </summary>
    public double MinP { get; init; }

    /// <summary>
    /// What the logits of ids that stand in the text already are divided by (multiplied where they are negative), before anything else; 1
    /// is off.
    /// </summary>
    public double RepetitionPenalty { get; init; } = 1.0;

    /// <summary>What is taken off the logits of ids that were chosen before, the prompt's not among them; 0 is off.</summary>
    public double PresencePenalty { get; init; }

    /// <summary>The same, as often as each was chosen; 0 is off.</summary>
    public double FrequencyPenalty { get; init; }

    /// <summary>Seed of the choices.</summary>
    public int Seed { get; init; }

    /// <summary>The limits of a penalty: logits that are divided or multiplied by one stay numbers of float32.</summary>
    internal const double LeastRepetitionPenalty = 0.01, MostRepetitionPenalty = 1e6;

    /// <summary>Checks every field; returns the options.</summary>
    public SamplingOptions Validate()
    {
        if (!(Temperature >= 0 && double.IsFinite(Temperature)))
            throw new EspalierException($"temperature is {Temperature}; it must be at least 0 (0 is greedy)");
        if (TopK < 0)
            throw new EspalierException($"top-k is {TopK}; it must be at least 0 (0 keeps all)");
        if (!(TopP > 0 && TopP <= 1))
            throw new EspalierException($"top-p is {TopP}; it must be above 0 and at most 1");
        if (!(MinP >= 0 && MinP <= 1))
            throw new EspalierException($"min-p is {MinP}; it must be at least 0 (0 keeps all) and at most 1");
        if (!double.IsFinite(PresencePenalty))
            throw new EspalierException($"presence-penalty is {PresencePenalty}; it must be a number (0 is off)");
        if (!double.IsFinite(FrequencyPenalty))
            throw new EspalierException($"frequency-penalty is {FrequencyPenalty}; it must be a number (0 is off)");
        if (!(RepetitionPenalty >= LeastRepetitionPenalty && RepetitionPenalty <= MostRepetitionPenalty))
            throw new EspalierException($"repetition-penalty is {RepetitionPenalty}; it must be from {LeastRepetitionPenalty} to "
                + $"{MostRepetitionPenalty} (1 is off)");
        return this;
    }
}

/// <summary>Chooses ids from logits; its random choices depend on the seed alone. Not for several threads.</summary>
internal sealed class Sampler(SamplingOptions options)
{
    /// <summary>
    /// What is this many times as unlikely as the likeliest id is put in order only where the draw goes beyond all others.
    /// </summary>
    private const double Likely = 1e-3;

    private readonly Random _random = new(options.Seed);
    private int[] _order = [];
    private double[] _keys = [];

    /// <summary>The next id.</summary>
    /// <exception cref="EspalierException">A logit is NaN, or infinite but for ids that may not come.</exception>
    public int Choose(ReadOnlySpan<float> logits)
    {
        var best = Best(logits);
        if (options.Temperature == 0)
            return best;
        if (_order.Length < logits.Length)
            (_order, _keys) = (new int[logits.Length], new double[logits.Length]);
        var total = 0.0;
        var likely = 0;
        // Those that are likely stand in front, in the order of their ids, the others after.
        var behind = logits.Length;
        for (var i = 0; i < logits.Length; i++)
        {
            var weight = Weight(logits, i, best);
            total += weight;
            var at = weight >= Likely ? likely++ : --behind;
            (_order[at], _keys[at]) = (i, -logits[i]);
        }
        if (options.TopK > 0 && options.TopK < logits.Length || options.TopP < 1 || options.MinP > 0)
            return OfNucleus(logits, best, likely, total);
        return Walk(logits, best, likely, _random.NextDouble() * total, logits.Length);
    }

    // The mass of the k likeliest, of those what adds up to p, of those what is no less likely than min-p, and a draw from that.
    private int OfNucleus(ReadOnlySpan<float> logits, int best, int likely, double total)
    {
        var kept = options.TopK > 0 ? Math.Min(options.TopK, logits.Length) : logits.Length;
        var sorted = Sort(0, likely);
        if (kept < logits.Length)
        {
            total = 0;
            for (var i = 0; i < kept; i++)
            {
                if (i == sorted)
                    sorted = Sort(likely, logits.Length);
                total += Weight(logits, _order[i], best);
            }
        }
        var (mass, nucleus) = (0.0, 0);
        while (nucleus < kept && mass < options.TopP * total)
        {
            if (nucleus == sorted)
                sorted = Sort(likely, logits.Length);
            var weight = Weight(logits, _order[nucleus], best);
            if (weight < options.MinP)
                break;
            mass += weight;
            nucleus++;
        }
        var point = _random.NextDouble() * mass;
        for (var i = 0; i < nucleus; i++)
        {
            point -= Weight(logits, _order[i], best);
            if (point < 0)
                return _order[i];
        }
        return _order[Math.Max(0, nucleus - 1)];
    }

    private int Walk(ReadOnlySpan<float> logits, int best, int likely, double point, int count)
    {
        Sort(0, likely);
        for (var i = 0; i < count; i++)
        {
            if (i == likely)
                Sort(likely, count);
            var weight = Weight(logits, _order[i], best);
            // What cannot come does not, also where rounding left something over.
            if (weight == 0 && i > 0)
                return _order[i - 1];
            point -= weight;
            if (point < 0)
                return _order[i];
        }
        return _order[count - 1];
    }

    // Ascending in −logit: likeliest first, ties to the lower id.
    private int Sort(int from, int to)
    {
        Array.Sort(_keys, _order, from, to - from);
        return to;
    }

    private double Weight(ReadOnlySpan<float> logits, int id, int best) =>
        Math.Exp((logits[id] - (double)logits[best]) / options.Temperature);

    private static int Best(ReadOnlySpan<float> logits)
    {
        var (best, top, isNaN) = (0, logits[0], float.IsNaN(logits[0]));
        for (var i = 1; i < logits.Length; i++)
        {
            var logit = logits[i];
            isNaN |= float.IsNaN(logit);
            if (logit > top)
                (best, top) = (i, logit);
        }
        return !isNaN && !float.IsPositiveInfinity(top) ? best
            : throw new NotFiniteException("the logits are not finite: the model's activations overflow on this text");
    }
}
