using Espalier.Compression.Evaluation;

namespace Espalier.Compression.Importance.Comparison;

/// <summary>How far two scorings agree about one axis.</summary>
internal sealed record AxisAgreement
{
    /// <summary>neurons, heads, channels or layers.</summary>
    public required string Axis { get; init; }

    /// <summary>Units of a layer, or of the network.</summary>
    public required int Units { get; init; }

    /// <summary>How many of them are taken to be kept.</summary>
    public required int Kept { get; init; }

    /// <summary>Spearman's rank correlation: the mean over layers where the axis belongs to layers.</summary>
    public required double Correlation { get; init; }

    /// <summary>
    /// The same over the units of all layers together; equal to <see cref="Correlation"/> where the axis is the network's.
    /// </summary>
    public required double NetworkCorrelation { get; init; }

    /// <summary>Share of the kept units that both keep: the mean over layers.</summary>
    public required double Overlap { get; init; }

    /// <summary>Rank correlation of each layer; absent where the axis is the network's.</summary>
    public double[]? CorrelationPerLayer { get; init; }

    /// <summary>Overlap of each layer; absent where the axis is the network's.</summary>
    public double[]? OverlapPerLayer { get; init; }
}

/// <summary>A fact of provenance that two scorings do not share.</summary>
/// <param name="Field">As the file calls it.</param>
/// <param name="A">In the first.</param>
/// <param name="B">In the second.</param>
internal sealed record ProvenanceDifference(string Field, string A, string B);

/// <summary>Two scorings of models of one shape, axis by axis.</summary>
internal static class ScoresComparison
{
    /// <summary>
    /// The axes. What is kept are the largest scores, ties to the lower index: of heads in the layer, whatever their KV groups; of layers
    /// single ones.
    /// </summary>
    /// <exception cref="EspalierException">The scores are of different shapes; axis and both numbers are named.</exception>
    public static IReadOnlyList<AxisAgreement> Axes(ImportanceScores a, ImportanceScores b, KeptSizes sizes)
    {
        Same("layers", a.Layers, b.Layers);
        foreach (var axis in Axis.Scored)
            Same($"{axis.Units}{(axis.IsPerLayer ? " in a layer" : "")}", a.Units[axis]?[0].Length ?? 0, b.Units[axis]?[0].Length ?? 0);
        return [.. Axis.Scored.Where(axis => a.Units[axis] is not null).Select(axis => Of(axis, a.Units[axis]!, b.Units[axis]!)),
            Of(Axis.Layers, [a.BlockInfluence[1]], [b.BlockInfluence[1]])];

        AxisAgreement Of(Axis axis, double[][] first, double[][] second)
        {
            var kept = sizes.Of(axis, first[0].Length);
            return axis.IsPerLayer ? PerLayer(axis.Units, first, second, kept) : Whole(axis.Units, first[0], second[0], kept);
        }

        static void Same(string what, int first, int second)
        {
            if (first != second)
                throw new EspalierException($"the first scores have {first} {what} but the second have {second}: compare scores of one "
                    + "shape");
        }
    }

    /// <summary>What of their provenance differs.</summary>
    public static IReadOnlyList<ProvenanceDifference> Differences(ImportanceScores a, ImportanceScores b)
    {
        var (first, second) = (ScoresFile.Provenance(a), ScoresFile.Provenance(b));
        return [.. first.Select(pair => pair.Field).Union(second.Select(pair => pair.Field))
            .Select(field => new ProvenanceDifference(field, ValueOf(first, field), ValueOf(second, field)))
            .Where(pair => pair.A != pair.B)];

        static string ValueOf(IEnumerable<(string Field, string Value)> facts, string field) =>
            facts.FirstOrDefault(fact => fact.Field == field).Value ?? "";
    }

    private static AxisAgreement PerLayer(string axis, double[][] a, double[][] b, int kept)
    {
        double[] correlations = [.. a.Zip(b, RankCorrelation.Spearman)],
        overlaps = [.. a.Zip(b, (first, second) => Overlap(first, second, kept))];
        return new()
        {
            Axis = axis,
            Units = a[0].Length,
            Kept = kept,
            Correlation = correlations.Average(),
            NetworkCorrelation = RankCorrelation.Spearman([.. a.SelectMany(layer => layer)], [.. b.SelectMany(layer => layer)]),
            Overlap = overlaps.Average(),
            CorrelationPerLayer = correlations,
            OverlapPerLayer = overlaps,
        };
    }

    private static AxisAgreement Whole(string axis, double[] a, double[] b, int kept)
    {
        var correlation = RankCorrelation.Spearman(a, b);
        return new()
        {
            Axis = axis,
            Units = a.Length,
            Kept = kept,
            Correlation = correlation,
            NetworkCorrelation = correlation,
            Overlap = Overlap(a, b, kept)
        };
    }

    private static double Overlap(double[] a, double[] b, int kept) =>
        Ranking.Largest(a, kept).Intersect(Ranking.Largest(b, kept)).Count() / (double)kept;
}
