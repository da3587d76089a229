namespace Espalier.Compression.Importance.Depth;

/// <summary>What a scan costs before it runs.</summary>
internal static class DepthCost
{
    /// <summary>Tokens that enter some variant, and floating-point operations: of every variant only the layers after its span.</summary>
    /// <param name="asked">What is asked.</param>
    /// <param name="sequence">Tokens of a sample.</param>
    public static (long Tokens, double Flops) Of(DepthOptions asked, DecoderConfig model, int sequence)
    {
        var runs = asked.Metrics.Any(kind => kind is not (DepthMetricKind.BlockInfluence or DepthMetricKind.Angular));
        var (passes, blocks) = (0L, 0L);
        for (var round = 0; round < Math.Max(1, asked.Greedy); round++)
        {
            var left = model.Layers - round;
            Pass(left);
            // The whole model, which logits are compared with.
            if (round > 0 && asked.Metrics.Contains(DepthMetricKind.LogitMse))
                Pass(model.Layers);
            foreach (var span in runs
                ? (round == 0 ? asked.Widths.Append(1).Distinct() : [1]).SelectMany(width => DepthSpan.All(left, width)) : [])
                Pass(left - span.Next);
        }
        var positions = (long)asked.Samples * sequence;
        var head = 2.0 * model.VocabularySize * model.HiddenSize;
        var block = (model.ForwardFlopsPerToken(sequence) - head) / model.Layers;
        return (passes * positions, (blocks * block + (runs ? passes * head : 0)) * positions);

        void Pass(int through) => (passes, blocks) = (passes + 1, blocks + through);
    }
}
