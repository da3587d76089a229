namespace Espalier.Models.Streaming;

/// <summary>A block or the final norm of a <see cref="StreamedDecoder"/>: its weights are in memory until it is disposed.</summary>
internal sealed class StreamedPart : IDisposable
{
    private readonly StreamedDecoder _decoder;
    private readonly LayerWeights _weights;
    private readonly Func<Tensor, ForwardContext, Tensor> _forward;

    internal StreamedPart(StreamedDecoder decoder, LayerWeights weights, Func<Tensor, ForwardContext, Tensor> forward) =>
        (_decoder, _weights, _forward) = (decoder, weights, forward);

    /// <summary>
    /// One batch through this part, [B, T, D] to [B, T, D], without gradients. The caller's scope owns the result, or the caller where
    /// there is none.
    /// </summary>
    /// <param name="x_BTD">What the part below gave.</param>
    /// <param name="tap">Reads values as they pass, or null.</param>
    public Tensor Forward(Tensor x_BTD, Tap? tap = null)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        return scope.Keep(_forward(x_BTD, _decoder.ContextOf(x_BTD.Size(1), tap)));
    }

    public void Dispose() => _weights.Dispose();
}
