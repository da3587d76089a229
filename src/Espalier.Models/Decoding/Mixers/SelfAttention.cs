using Espalier.Models.Masks;

namespace Espalier.Models.Mixers;

// Shapes: B batch, T time, D model width, N query heads, K key/value heads, H head width.

/// <summary>Grouped-query causal attention.</summary>
internal sealed class SelfAttention(DecoderConfig config, int layer) : IMixer
{
    private readonly LayerKind _kind = config.LayerKinds[layer];
    private readonly int _rotary = config.RotaryOf(layer);
    private readonly double _scale = config.LayerKinds[layer].AttentionScale ?? 1.0 / Math.Sqrt(config.HeadDim);

    public required Projection QProj { get; init; }

    public required Projection KProj { get; init; }

    public required Projection VProj { get; init; }

    /// <summary>What the output is multiplied by, after a sigmoid; null for nothing.</summary>
    public Projection? GateProj { get; init; }

    public required Projection OProj { get; init; }

    /// <summary>A logit of each query head, [N], which takes part in the softmax and has no value; null for none.</summary>
    public Tensor? Sinks { get; init; }

    public Normalization? QNorm { get; init; }

    public Normalization? KNorm { get; init; }

    /// <summary>Whether a pass goes without a mask: by our kernel.</summary>
    public static bool IsFused(DType dtype, Device device) => dtype == DType.Float32 && device == Device.Cpu;

    public Tensor Forward(Tensor x_BTD, ForwardContext context)
    {
        var (B, T, H) = (x_BTD.Size(0), x_BTD.Size(1), config.HeadDim);

        var q_BTNH = Heads(QProj, QNorm, x_BTD, context);
        var k_BTKH = Heads(KProj, KNorm, x_BTD, context);
        var v_BTKH = VProj.Forward(x_BTD, context.Compute).View(B, T, -1, H);
        // Of bfloat16 both come back as float32, the tables' type.
        v_BTKH = v_BTKH.Widened();
        var (cos, sin) = context.Tables[_rotary];
        q_BTNH = _kind.IsRotary ? q_BTNH.Rotate(cos, sin) : q_BTNH.Widened();
        k_BTKH = _kind.IsRotary ? k_BTKH.Rotate(cos, sin) : k_BTKH.Widened();

        if (context.Cache is { } cache)
            (k_BTKH, v_BTKH) = cache.Append(layer, k_BTKH, v_BTKH);

        // libtorch's flash attention has neither a cap nor sinks.
        var sinks_N = Sinks?.Widened();
        var y_BTNH = context.Compute == ComputeType.Bfloat16 && _kind.ScoreCap is null && sinks_N is null
            && context.Masks is not DocumentMasks && context.Branched is null && q_BTNH.TakesFlashAttention
            ? q_BTNH.FlashAttention(k_BTKH, v_BTKH, _scale, _kind.SlidingWindow)
            : context.Branched is { Holes: { } holes } branched
            ? q_BTNH.CausalAttentionWithHoles(k_BTKH, v_BTKH, _scale, branched.BeginsOf(_kind.SlidingWindow), holes, _kind.ScoreCap,
                sinks_N)
            : IsFused(q_BTNH.DType, q_BTNH.Device)
            ? q_BTNH.CausalAttention(k_BTKH, v_BTKH, _scale, _kind.SlidingWindow, context.Begins, _kind.ScoreCap, sinks_N)
            : q_BTNH.CausalAttentionByParts(k_BTKH, v_BTKH, _scale, context.Masks?.For(_kind.SlidingWindow, T, k_BTKH.Size(1)),
                _kind.ScoreCap, sinks_N);
        if (GateProj is not null)
            y_BTNH = GateProj.Forward(x_BTD, context.Compute).Widened().View(B, T, -1, H).SigmoidMul(y_BTNH);
        context.Emit(TapPoint.AttentionOutput, layer, y_BTNH);

        return OProj.Forward(y_BTNH.Reshape(B, T, -1), context.Compute);
    }

    // [B, T, heads, H], normed over each head or over all of them.
    private Tensor Heads(Projection projection, Normalization? norm, Tensor x_BTD, ForwardContext context)
    {
        var (B, T, H) = (x_BTD.Size(0), x_BTD.Size(1), config.HeadDim);
        var y = projection.Forward(x_BTD, context.Compute);
        if (norm is null)
            return y.View(B, T, -1, H);
        return _kind.HeadNorms == HeadNormKind.AllHeads
            ? norm.Forward(y.Widened()).View(B, T, -1, H)
            : norm.Forward(y.View(B, T, -1, H).Widened());
    }
}
