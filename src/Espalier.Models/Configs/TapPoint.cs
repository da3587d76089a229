namespace Espalier.Models;

/// <summary>A named place in the decoder where statistics and hidden-state losses read.</summary>
public enum TapPoint
{
    /// <summary>Output of the token embedding, [B, T, D]; layer −1.</summary>
    Embedding,

    /// <summary>Residual stream entering a block, [B, T, D].</summary>
    BlockInput,

    /// <summary>Output of the norm before attention, [B, T, D].</summary>
    InputNorm,

    /// <summary>Each head's attention output before the output projection, [B, T, N, H].</summary>
    AttentionOutput,

    /// <summary>x of a state-space mixer, before the convolution, [B, T, Nh, P].</summary>
    MambaProjection,

    /// <summary>Input of the output projection of a state-space mixer, [B, T, Nh, P].</summary>
    MambaOutput,

    /// <summary>Input of the output projection of linear attention, [B, T, Nv, Hv].</summary>
    DeltaOutput,

    /// <summary>Output of the norm before the feed-forward block, [B, T, D].</summary>
    PostAttentionNorm,

    /// <summary>
    /// What enters the activation, [B, T, F]: output of the gate projection, of the up projection where there is no gate.
    /// </summary>
    MlpPreActivation,

    /// <summary>Input of the down projection, [B, T, F].</summary>
    MlpIntermediate,

    /// <summary>What the router of a mixture of experts gives, [B, T, E].</summary>
    RouterLogits,

    /// <summary>
    /// The numbers of the experts that each token goes to, the first choice first, [B, T, K]; of layers that are mixtures of them.
    /// </summary>
    ExpertChoice,

    /// <summary>What each token's experts are multiplied by, [B, T, K].</summary>
    ExpertWeights,

    /// <summary>
    /// What the experts read, [R, D]: a row for each expert of each token, the first expert's tokens first, in order.
    /// </summary>
    ExpertInput,

    /// <summary>What enters the activation of the experts, [R, X].</summary>
    ExpertPreActivation,

    /// <summary>Input of the experts' down projections, [R, X].</summary>
    ExpertIntermediate,

    /// <summary>What the experts give, before it is multiplied by their weights, [R, D].</summary>
    ExpertOutput,

    /// <summary>What enters the activation of the expert that every token goes to, [B, T, Y].</summary>
    SharedPreActivation,

    /// <summary>Input of that expert's down projection, [B, T, Y].</summary>
    SharedIntermediate,

    /// <summary>Residual stream leaving a block, [B, T, D].</summary>
    BlockOutput,

    /// <summary>Output of the norm after the last block, [B, T, D]; layer −1.</summary>
    FinalNorm,
}
