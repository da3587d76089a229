namespace Espalier.Models.FeedForwards;

// Shapes: B batch, T time, D model width, E experts, K experts of a token, R = B · T · K rows, X width of an expert.

/// <summary>
/// A mixture of experts (arXiv 1701.06538, with the softmax of Mixtral, arXiv 2401.04088, or that of Qwen3 and OLMoE, arXiv 2409.02060): a
/// router gives each token to K of E gated blocks, and what they give is added up by its weights. No token is dropped, and what one gets
/// does not depend on the others. Gradient flows to the router through the weights.
/// </summary>
internal sealed class MixtureOfExperts(DecoderConfig config, int layer) : IFeedForward
{
    private readonly LayerKind _kind = config.LayerKinds[layer];

    /// <summary>[E, D].</summary>
    public required Projection Router { get; init; }

    /// <summary>Of each expert [X, D]; null where the activation has no gate.</summary>
    public required ExpertProjections? Gates { get; init; }

    /// <summary>Of each expert [X, D].</summary>
    public required ExpertProjections Ups { get; init; }

    /// <summary>Of each expert [D, X].</summary>
    public required ExpertProjections Downs { get; init; }

    /// <summary>The expert that every token goes to beside those; null for none.</summary>
    public SharedExpert? Shared { get; init; }

    public Tensor Forward(Tensor x_BTD, ForwardContext context)
    {
        var (B, T, D, K) = (x_BTD.Size(0), x_BTD.Size(1), x_BTD.Size(2), config.ExpertsPerToken);
        var x_TD = x_BTD.View(B * T, D);
        var logits_TE = Router.Forward(x_TD, context.Compute).Widened();
        context.Emit(TapPoint.RouterLogits, layer, logits_TE.View(B, T, config.Experts));
        var choice = ExpertChoice.Of(logits_TE, K);
        var rows = ExpertRows.Of(choice, K, config.Experts, x_TD.Device);
        var choice_TK = Tensor.From<long>(Array.ConvertAll(choice, static expert => (long)expert), B * T, K).On(x_TD.Device);
        // A softmax over all, divided by the sum of those that were chosen, is the softmax over them.
        var weights_TK = config.NormalizesExpertWeights
            ? logits_TE.Gather(1, choice_TK).Softmax(-1)
            : logits_TE.Softmax(-1).Gather(1, choice_TK);
        if (context.Tap is not null)
            context.Emit(TapPoint.ExpertChoice, layer, choice_TK.To(logits_TE.DType).View(B, T, K));
        context.Emit(TapPoint.ExpertWeights, layer, weights_TK.View(B, T, K));

        var x_RD = context.Compute.Operand(x_TD).ToExperts(rows);
        context.Emit(TapPoint.ExpertInput, layer, x_RD);
        var up_RX = Ups.Forward(x_RD, rows);
        var z_RX = Gates is null ? up_RX : Gates.Forward(x_RD, rows);
        context.Emit(TapPoint.ExpertPreActivation, layer, z_RX);
        var m_RX = FeedForward.Units(_kind, z_RX, up_RX);
        context.Emit(TapPoint.ExpertIntermediate, layer, m_RX);
        var y_RD = Downs.Forward(context.Compute.Operand(m_RX), rows);
        context.Emit(TapPoint.ExpertOutput, layer, y_RD);
        var y_BTD = y_RD.FromExperts(weights_TK, rows).View(B, T, D);
        return Shared is null ? y_BTD : y_BTD.Widened().Add(Shared.Forward(x_BTD, context));
    }
}
