namespace Espalier.Models.Generation;

/// <summary>How the next id is chosen.</summary>
public sealed record SamplingOptions
{
    /// <summary>0 is greedy: always the likeliest, the first of equal ones.</summary>
    public double Temperature { get; init; }

    /// <summary>Only the k likeliest; 0 is all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the likeliest whose probabilities add up to this (nucleus, arXiv 1904.09751); 1 is all.</summary>
    public double TopP { get; init; } = 1.0;

    /// <summary>What the logits of ids that stand in the text already are divided by (multiplied where they are negative), before anything else; 1 is off.</summary>
    public double RepetitionPenalty { get; init; } = 1.0;

    /// <summary>Seed of the choices.</summary>
    public int Seed { get; init; }

    /// <summary>Checks every field; returns the options.</summary>
    public SamplingOptions Validate()
    {
        if (!(Temperature >= 0 && double.IsFinite(Temperature)))
            throw new EspalierException($"temperature is {Temperature} and must be at least 0 (0 is greedy)");
        if (TopK < 0)
            throw new EspalierException($"top-k is {TopK} and must be at least 0 (0 is all)");
        if (!(TopP > 0 && TopP <= 1))
            throw new EspalierException($"top-p is {TopP} and must be above 0 and at most 1");
        if (!(RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty)))
            throw new EspalierException($"repetition-penalty is {RepetitionPenalty} and must be above 0 (1 is off)");
        return this;
    }
}

/// <summary>Chooses ids from logits; its random choices depend on the seed alone.</summary>
internal sealed class Sampler(SamplingOptions options)
{
    private readonly Random _random = new(options.Seed);

    public int Choose(ReadOnlySpan<float> logits)
    {
        if (options.Temperature == 0)
            return ArgMax(logits);
        var order = new int[logits.Length];
        var scores = new double[logits.Length];
        for (var i = 0; i < order.Length; i++)
            (order[i], scores[i]) = (i, -logits[i]); // ascending in −logit: likeliest first, ties to the lower id
        Array.Sort(scores, order);
        var kept = options.TopK > 0 ? Math.Min(options.TopK, order.Length) : order.Length;
        var total = 0.0;
        for (var i = 0; i < kept; i++)
            total += scores[i] = Math.Exp((logits[order[i]] - (double)logits[order[0]]) / options.Temperature);
        var mass = 0.0;
        var nucleus = 0;
        while (nucleus < kept && mass < options.TopP * total)
            mass += scores[nucleus++];
        var point = _random.NextDouble() * mass;
        for (var i = 0; i < nucleus; i++)
        {
            point -= scores[i];
            if (point < 0)
                return order[i];
        }
        return order[Math.Max(0, nucleus - 1)];
    }

    private static int ArgMax(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
            if (logits[i] > logits[best])
                best = i;
        return best;
    }
}
