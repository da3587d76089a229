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

    /// <summary>Output of the norm before the feed-forward block, [B, T, D].</summary>
    PostAttentionNorm,

    /// <summary>
    /// What enters the activation, [B, T, F]: output of the gate projection, of the up projection where there is no gate.
    /// </summary>
    MlpPreActivation,

    /// <summary>Input of the down projection, [B, T, F].</summary>
    MlpIntermediate,

    /// <summary>Residual stream leaving a block, [B, T, D].</summary>
    BlockOutput,

    /// <summary>Output of the norm after the last block, [B, T, D]; layer −1.</summary>
    FinalNorm,
}
