namespace Espalier.Models.Generation.Sampling;

/// <summary>An id and its log-probability, in nats.</summary>
internal readonly record struct TokenProbability(int Id, double LogProbability);

/// <summary>
/// What a model gave to one position: of the whole distribution, before temperature, penalties and whatever else changes a choice.
/// </summary>
/// <param name="Chosen">The id that was chosen.</param>
/// <param name="Likeliest">The likeliest ids, likeliest first, ties to the lower id.</param>
internal sealed record TokenProbabilities(TokenProbability Chosen, IReadOnlyList<TokenProbability> Likeliest)
{
    /// <summary>Of logits.</summary>
    /// <param name="logits">One for each id.</param>
    /// <param name="chosen">The id that was chosen.</param>
    /// <param name="likeliest">How many of the likeliest are asked for.</param>
    public static TokenProbabilities Of(ReadOnlySpan<float> logits, int chosen, int likeliest)
    {
        double largest = float.NegativeInfinity;
        foreach (var logit in logits)
            largest = Math.Max(largest, logit);
        var sum = 0.0;
        foreach (var logit in logits)
            sum += Math.Exp(logit - largest);
        var normaliser = largest + Math.Log(sum);
        return new(new(chosen, logits[chosen] - normaliser),
            [.. Top(logits, likeliest).Select(one => new TokenProbability(one.Id, one.Logit - normaliser))]);
    }

    private static List<(int Id, double Logit)> Top(ReadOnlySpan<float> logits, int count)
    {
        var top = new List<(int Id, double Logit)>(count + 1);
        for (var id = 0; count > 0 && id < logits.Length; id++)
        {
            if (top.Count == count && logits[id] <= top[^1].Logit)
                continue;
            var at = top.Count;
            while (at > 0 && top[at - 1].Logit < logits[id])
                at--;
            top.Insert(at, (id, logits[id]));
            if (top.Count > count)
                top.RemoveAt(count);
        }
        return top;
    }
}
