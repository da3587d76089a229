using Espalier.Models;

namespace Espalier.Compression.Importance;

/// <summary>Scores by chance, from 0 to 1: the control that every method must beat. No model runs and no text is read.</summary>
internal static class RandomScorer
{
    public static ImportanceScores Run(DecoderConfig config, IEnumerable<int> spanWidths, long seed)
    {
        var random = new Random(unchecked((int)(seed ^ (seed >> 32))));
        double[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble())];
        double[][] PerLayer(int units) => [.. Enumerable.Range(0, config.Layers).Select(_ => Draw(units))];
        return new()
        {
            Method = ScoreMethod.Random,
            Seed = seed,
            Neurons = PerLayer(config.IntermediateSize),
            Heads = PerLayer(config.QueryHeads),
            Channels = Draw(config.HiddenSize),
            BlockInfluence = LayerSpans.Widths(spanWidths, config.Layers).ToDictionary(width => width, width => Draw(config.Layers - width + 1)),
        };
    }
}
