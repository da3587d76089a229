using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Sampling;

/// <summary>What a model made of one document, greedily and in several attempts.</summary>
internal sealed record SampledResult(SampledKind Kind, DocumentResult Greedy, IReadOnlyList<DocumentResult> Attempts)
    : DocumentResult(Greedy.Document, Greedy.Cut)
{
    public override IReadOnlyList<DocumentResult> Samples => Attempts;

    public override double Score(string metric)
    {
        if (Kind.Find(metric) is not { } sampled)
            return Greedy.Score(metric);
        return sampled.K is { } k ? PassAtK.Of(Attempts.Count, Attempts.Count(attempt => attempt.Score(sampled.Inner) == 1), k)
            : Attempts.Average(attempt => attempt.Score(sampled.Inner));
    }

    /// <inheritdoc/>
    /// <remarks>A document's weight is the question's, not the answer's.</remarks>
    public override double Weight(string metric) => Greedy.Weight(Kind.Find(metric)?.Inner ?? metric);

    public override Stratum? Stratum(string metric) => Greedy.Stratum(Kind.Find(metric)?.Inner ?? metric);

    public override void Write(Utf8JsonWriter json)
    {
        Greedy.Write(json);
        json.WriteObjects("attempts", Attempts, attempt => attempt.Write(json));
    }
}
