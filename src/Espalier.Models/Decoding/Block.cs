using Espalier.Torch;

namespace Espalier.Models;

/// <summary>One transformer block, with norms before attention and the feed-forward block, after them, or both.</summary>
internal sealed class Block(int layer, double residualScale)
{
    public Normalization? InputLayernorm { get; init; }

    public required SelfAttention SelfAttn { get; init; }

    /// <summary>Of what attention gives.</summary>
    public Normalization? AttentionOutputNorm { get; init; }

    public Normalization? PostAttentionLayernorm { get; init; }

    public required IFeedForward Mlp { get; init; }

    /// <summary>Of what the feed-forward block gives.</summary>
    public Normalization? MlpOutputNorm { get; init; }

    /// <summary>Residual stream in, residual stream out, [B, T, D]. Without gradients the temporaries end here.</summary>
    public Tensor Forward(Tensor x_BTD, ForwardContext context)
    {
        using var scope = context.IsAlone ? TensorScope.BeginReusing() : TensorScope.Begin();
        context.Emit(TapPoint.BlockInput, layer, x_BTD);

        var a_BTD = Normalization.Operand(InputLayernorm, x_BTD, context.Compute);
        context.Emit(TapPoint.InputNorm, layer, a_BTD);
        var h_BTD = Sum(x_BTD, SelfAttn.Forward(a_BTD, context), AttentionOutputNorm);

        var m_BTD = Normalization.Operand(PostAttentionLayernorm, h_BTD, context.Compute);
        context.Emit(TapPoint.PostAttentionNorm, layer, m_BTD);
        var y_BTD = Sum(h_BTD, Mlp.Forward(m_BTD, context), MlpOutputNorm);

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
