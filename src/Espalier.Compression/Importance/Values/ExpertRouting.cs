namespace Espalier.Compression.Importance.Values;

/// <summary>
/// How a router sends tokens to the experts of each layer, over the calibration positions: what decides which experts are merged into
/// which, and in what proportion (M-SMoE, arXiv 2310.01334, section 3.1).
/// </summary>
internal sealed record ExpertRouting
{
    /// <summary>
    /// [layer][expert]: the mean of the weight that the router gives it, zero at a token that does not go there. Zeros in a layer without
    /// experts.
    /// </summary>
    public required double[][] Mass { get; init; }

    /// <summary>
    /// [layer · experts + expert][expert]: the cosine of their router logits over all positions, less their mean over the experts of a
    /// position, which no softmax sees. Zeros in a layer without experts.
    /// </summary>
    public required double[][] Nearness { get; init; }
}
