using Espalier.Compression.Evaluation;
using Espalier.Compression.Importance.Depth;

namespace Espalier.Reports.Pictures;

/// <summary>What <c>depth</c> found, and what follows from it: the layers that would go, and how far the metrics agree.</summary>
/// <param name="Model">The model's folder.</param>
/// <param name="Scores">The scores.</param>
/// <param name="Drop">How many layers are to go, or null.</param>
/// <param name="Output">The file of the scores, where one was written.</param>
/// <param name="Picture">The page, where one was drawn.</param>
internal sealed record DepthReport(string Model, DepthScores Scores, int? Drop, string? Output, string? Picture)
{
    /// <summary>The metrics, in order.</summary>
    public IReadOnlyList<DepthMetricKind> Kinds { get; } = [.. Scores.Metrics.Keys.Order()];

    /// <summary>Spearman's rank correlation of two metrics over single layers; NaN where one has no order.</summary>
    public double Correlation(DepthMetricKind first, DepthMetricKind second) =>
        RankCorrelation.Spearman(Scores.Metrics[first].Singles, Scores.Metrics[second].Singles);

    /// <summary>Layers that go by a metric.</summary>
    public int[] Chosen(DepthMetricKind kind, DepthChoice choice) => Scores.Metrics[kind].Drop(choice, Drop!.Value);

    /// <summary>What <c>--json</c> prints: the scores as in their file, and the rest beside them.</summary>
    public JsonObject ToJson()
    {
        var json = DepthScoresFile.ToJson(Scores);
        if (Scores.Metrics.TryGetValue(DepthMetricKind.LmLoss, out var loss))
            json["metrics"]![EnumName.Of(DepthMetricKind.LmLoss)]!["perplexity"] = new JsonObject
            {
                ["whole"] = Number(Math.Exp(loss.Whole)),
                ["singles"] = new JsonArray([.. loss.Singles.Select(value => Number(Math.Exp(value)))]),
            };
        json["correlations"] = Each(first => Each(second => Number(Correlation(first, second))));
        if (Drop is not null)
            json["chosen"] = Each(kind => new JsonObject(Enum.GetValues<DepthChoice>().Select(choice =>
                KeyValuePair.Create<string, JsonNode?>(choice.ToString().ToLowerInvariant(),
                    new JsonArray([.. Chosen(kind, choice).Select(layer => (JsonNode)layer)])))));
        json["model"] = Model;
        foreach (var (name, value) in new (string, JsonNode?)[] { ("drop", Drop), ("output", Output), ("picture", Picture) })
            if (value is not null)
                json[name] = value;
        return json;
    }

    private JsonObject Each(Func<DepthMetricKind, JsonNode?> value) =>
        new(Kinds.Select(kind => KeyValuePair.Create(EnumName.Of(kind), value(kind))));

    private static JsonValue? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;
}
