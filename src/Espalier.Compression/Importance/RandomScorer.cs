using Espalier.Compression.Importance.Residuals;

namespace Espalier.Compression.Importance;

/// <summary>Scores by chance, from 0 to 1: the control that every method must beat. No model runs and no text is read.</summary>
internal static class RandomScorer
{
    public static ImportanceScores Run(DecoderConfig config, IEnumerable<int> spanWidths, long seed)
    {
        var random = new Random(unchecked((int)(seed ^ (seed >> 32))));
        double[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble())];
        // One after the other, in the order of scores: so they were always drawn.
        var units = new PerAxis<double[][]>();
        foreach (var axis in Axis.Scored.Where(axis => axis.IsIn(config)))
            units = units.With(axis, [.. Enumerable.Range(0, axis.RowsIn(config)).Select(_ => Draw(axis.Of(config)))]);
        return new()
        {
            Method = ScoreMethod.Random,
            Seed = seed,
            Units = units,
            BlockInfluence = LayerSpans.Widths(spanWidths, config.Layers)
                .ToDictionary(width => width, width => Draw(config.Layers - width + 1)),
        };
    }
}
