using Espalier.Torch;

namespace Espalier.Models;

/// <summary>One pre-norm transformer block.</summary>
internal sealed class Block(int layer)
{
    public required Norm InputLayernorm { get; init; }

    public required Attention SelfAttn { get; init; }

    public required Norm PostAttentionLayernorm { get; init; }

    public required FeedForward Mlp { get; init; }

    /// <summary>Residual stream in, residual stream out, [B, T, D]. Without gradients the temporaries end here.</summary>
    public Tensor Forward(Tensor x_BTD, ForwardContext context)
    {
        using var scope = context.IsAlone ? TensorScope.BeginReusing() : TensorScope.Begin();
        context.Emit(TapPoint.BlockInput, layer, x_BTD);

        var a_BTD = InputLayernorm.Forward(x_BTD, context.Compute);
        context.Emit(TapPoint.InputNorm, layer, a_BTD);
        var h_BTD = Sum(x_BTD, SelfAttn.Forward(a_BTD, context));

        var m_BTD = PostAttentionLayernorm.Forward(h_BTD, context.Compute);
        context.Emit(TapPoint.PostAttentionNorm, layer, m_BTD);
        var y_BTD = Sum(h_BTD, Mlp.Forward(m_BTD, context));

        context.Emit(TapPoint.BlockOutput, layer, y_BTD);
        return scope.Keep(y_BTD);
    }

    // The stream stays float32: what one of many layers adds may be less than half a unit of bfloat16 of what is there.
    private static Tensor Sum(Tensor stream, Tensor added) =>
        added.DType == DType.BFloat16 && stream.DType != added.DType ? stream.AddBfloat16(added) : stream.Add(added);
}
