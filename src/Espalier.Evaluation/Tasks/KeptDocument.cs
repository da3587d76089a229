using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Tasks;

/// <summary>A document's scores as a run kept them: what was asked is no longer there.</summary>
/// <param name="Document">Its number, without fields.</param>
/// <param name="Scores">Scores by the names of the metrics.</param>
/// <param name="Weights">Weights by the same; null where all are 1.</param>
internal sealed record KeptDocument(
    TaskDocument Document, int Cut, IReadOnlyDictionary<string, double> Scores, IReadOnlyDictionary<string, double>? Weights)
    : DocumentResult(Document, Cut)
{
    /// <summary>Its parts by the names of the metrics that have some.</summary>
    public IReadOnlyDictionary<string, Stratum> Strata { get; init; } = new Dictionary<string, Stratum>();

    /// <summary>What chance alone scores, as it was kept.</summary>
    public double? KeptChance { get; init; }

    public override double? Chance => KeptChance;

    public override double Score(string metric) => Scores[metric];

    public override double Weight(string metric) => Weights?[metric] ?? 1;

    public override Stratum? Stratum(string metric) => Strata.TryGetValue(metric, out var stratum) ? stratum : null;

    public override void Write(Utf8JsonWriter json) =>
        throw new NotSupportedException("a stored document cannot be stored again");
}
