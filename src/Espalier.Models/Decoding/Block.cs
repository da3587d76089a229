using Espalier.Models.FeedForwards;
using Espalier.Models.Mixers;

namespace Espalier.Models;

/// <summary>
/// One block: a half that mixes positions and a feed-forward half, either of which may be missing, with norms before them, after them, or
/// both.
/// </summary>
internal sealed class Block(int layer, double residualScale)
{
    public Normalization? InputLayernorm { get; init; }

    /// <summary>Attention, or a state-space mixer; null where the block is a feed-forward half alone.</summary>
    public IMixer? Mixer { get; init; }

    /// <summary>Of what the mixer gives.</summary>
    public Normalization? MixerOutputNorm { get; init; }

    public Normalization? PostAttentionLayernorm { get; init; }

    /// <summary>Null where the block is a mixer alone.</summary>
    public IFeedForward? Mlp { get; init; }

    /// <summary>Of what the feed-forward block gives.</summary>
    public Normalization? MlpOutputNorm { get; init; }

    /// <summary>Residual stream in, residual stream out, [B, T, D]. Without gradients the temporaries end here.</summary>
    public Tensor Forward(Tensor x_BTD, ForwardContext context)
    {
        using var scope = context.IsAlone ? TensorScope.BeginReusing() : TensorScope.Begin();
        context.Emit(TapPoint.BlockInput, layer, x_BTD);
        var y_BTD = x_BTD;

        if (Mixer is not null)
        {
            var a_BTD = Normalization.Operand(InputLayernorm, y_BTD, context.Compute);
            context.Emit(TapPoint.InputNorm, layer, a_BTD);
            y_BTD = Sum(y_BTD, Mixer.Forward(a_BTD, context), MixerOutputNorm);
        }
        if (Mlp is not null)
        {
            var m_BTD = Normalization.Operand(PostAttentionLayernorm, y_BTD, context.Compute);
            context.Emit(TapPoint.PostAttentionNorm, layer, m_BTD);
            y_BTD = Sum(y_BTD, Mlp.Forward(m_BTD, context), MlpOutputNorm);
        }

        context.Emit(TapPoint.BlockOutput, layer, y_BTD);
        return scope.Keep(y_BTD);
    }

    // The stream stays float32: what one of many layers adds may be less than half a unit of bfloat16 of what is there.
    private Tensor Sum(Tensor stream, Tensor added, Normalization? norm)
    {
        if (norm is not null)
            added = norm.Forward(added.Widened());
        if (residualScale != 1)
            added = added.Mul(residualScale);
        return added.DType == DType.BFloat16 && stream.DType != added.DType ? stream.AddBfloat16(added) : stream.Add(added);
    }
}
