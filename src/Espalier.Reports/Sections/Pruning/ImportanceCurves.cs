using Espalier.Reports.Charts;

namespace Espalier.Reports.Sections.Pruning;

/// <summary>Scores as sorted curves.</summary>
internal static class ImportanceCurves
{
    private const int MostLayers = 32, MostPoints = 120;

    /// <summary>
    /// A thin line a layer (of many layers evenly chosen ones), relative to its largest value; colours go along a ramp, so that neighbours
    /// look alike and none looks like a far one. Layers that have no such units, whose scores are all 0, have none.
    /// </summary>
    internal static IReadOnlyList<Series> PerLayer(double[][] scores)
    {
        int[] layers = [.. Enumerable.Range(0, scores.Length).Where(layer => scores[layer].Any(static score => score != 0))];
        var shown = Math.Min(layers.Length, MostLayers);
        return [.. Enumerable.Range(0, shown).Select(i =>
        {
            var layer = layers[shown == 1 ? 0 : (int)((long)i * (layers.Length - 1) / (shown - 1))];
            var sorted = scores[layer].OrderDescending().ToArray();
            var largest = sorted.FirstOrDefault(value => value > 0 && double.IsFinite(value), 1);
            return new Series($"layer {layer}", 0, SeriesStyle.Line,
                Binning.Sample([.. sorted.Select((value, rank) => new Point(rank + 1, value / largest))], MostPoints))
            {
                Ramp = shown == 1 ? 0 : (int)Math.Round((double)Series.LastRamp * i / (shown - 1)),
            };
        })];
    }

    /// <summary>What the colours mean: the layers of each, from the first to the last that is drawn.</summary>
    internal static IReadOnlyList<Series> Legend(IReadOnlyList<Series> layers) =>
    [
        .. layers.GroupBy(layer => layer.Ramp).Select(colour => colour.First() with
        {
            Name = colour.Count() == 1 ? colour.First().Name : $"{colour.First().Name} to {colour.Last().Name["layer ".Length..]}",
        }),
    ];

    internal static Series Whole(double[] values) => new(
        "channels", 0, SeriesStyle.Line,
        Binning.Sample([.. values.OrderDescending().Select((value, rank) => new Point(rank + 1, value))], 3 * MostPoints));
}
