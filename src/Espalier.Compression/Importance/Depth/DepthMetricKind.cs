namespace Espalier.Compression.Importance.Depth;

/// <summary>What tells how much a layer, or a span of layers, matters. Higher is always more harm done by removing it.</summary>
internal enum DepthMetricKind
{
    /// <summary>1 − mean cosine of the residual stream before and after (Minitron, arXiv 2407.14679, section 2.2).</summary>
    BlockInfluence,

    /// <summary>Mean angle between the residual stream before and after, over π (arXiv 2403.17887).</summary>
    Angular,

    /// <summary>Mean next-token loss of the model without it, nats.</summary>
    LmLoss,

    /// <summary>Mean squared difference of the logits to those of the whole model (Nemotron Nano 2, arXiv 2508.14444).</summary>
    LogitMse,

    /// <summary>Mean negative log-probability of the right choice in a multiple-choice task.</summary>
    Task,
}
