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
        using var scope = TensorScope.Begin();
        context.Tap?.Invoke(TapPoint.BlockInput, layer, x_BTD);

        var a_BTD = InputLayernorm.Forward(x_BTD);
        context.Tap?.Invoke(TapPoint.InputNorm, layer, a_BTD);
        var h_BTD = x_BTD.Add(SelfAttn.Forward(a_BTD, context));

        var m_BTD = PostAttentionLayernorm.Forward(h_BTD);
        context.Tap?.Invoke(TapPoint.PostAttentionNorm, layer, m_BTD);
        var y_BTD = h_BTD.Add(Mlp.Forward(m_BTD, context));

        context.Tap?.Invoke(TapPoint.BlockOutput, layer, y_BTD);
        return scope.Keep(y_BTD);
    }
}
