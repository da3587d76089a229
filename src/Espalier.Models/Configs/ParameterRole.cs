namespace Espalier.Models;

/// <summary>What a parameter is for, whatever a family calls it.</summary>
public enum ParameterRole
{
    /// <summary>Token embedding, [V, D].</summary>
    Embedding,

    /// <summary>Norm before attention or the mixer that replaces it; in a block with one half, the norm before that half, [D].</summary>
    InputNorm,

    /// <summary>Bias of the norm before attention, [D].</summary>
    InputNormBias,

    /// <summary>Query projection, [N · H, D].</summary>
    QueryProjection,

    /// <summary>Bias of the query projection, [N · H].</summary>
    QueryProjectionBias,

    /// <summary>Key projection, [K · H, D].</summary>
    KeyProjection,

    /// <summary>Bias of the key projection, [K · H].</summary>
    KeyProjectionBias,

    /// <summary>Value projection, [K · H, D].</summary>
    ValueProjection,

    /// <summary>Bias of the value projection, [K · H].</summary>
    ValueProjectionBias,

    /// <summary>Norm of each query head, [H].</summary>
    QueryNorm,

    /// <summary>Norm of each key head, [H].</summary>
    KeyNorm,

    /// <summary>Norm of all query heads of a position together, [N · H].</summary>
    QueryRowNorm,

    /// <summary>Norm of all key heads of a position together, [K · H].</summary>
    KeyRowNorm,

    /// <summary>Attention's output projection, [D, N · H].</summary>
    OutputProjection,

    /// <summary>Bias of attention's output projection, [D].</summary>
    OutputProjectionBias,

    /// <summary>
    /// A logit of each query head that takes part in the softmax of its scores and whose probability goes nowhere (GPT-OSS), [N].
    /// </summary>
    AttentionSinks,

    /// <summary>Norm of what attention gives, before it is added, [D].</summary>
    AttentionOutputNorm,

    /// <summary>Norm before the feed-forward block, [D].</summary>
    PostAttentionNorm,

    /// <summary>Bias of the norm before the feed-forward block, [D].</summary>
    PostAttentionNormBias,

    /// <summary>Gate projection, [F, D].</summary>
    GateProjection,

    /// <summary>Bias of the gate projection, [F].</summary>
    GateProjectionBias,

    /// <summary>Up projection, [F, D].</summary>
    UpProjection,

    /// <summary>Bias of the up projection, [F].</summary>
    UpProjectionBias,

    /// <summary>Down projection, [D, F].</summary>
    DownProjection,

    /// <summary>Bias of the down projection, [D].</summary>
    DownProjectionBias,

    /// <summary>Router of a mixture of experts, [E, D].</summary>
    Router,

    /// <summary>Bias of the router, [E].</summary>
    RouterBias,

    /// <summary>Gate projection of an expert, [X, D].</summary>
    ExpertGateProjection,

    /// <summary>Bias of an expert's gate projection, [X].</summary>
    ExpertGateProjectionBias,

    /// <summary>Up projection of an expert, [X, D].</summary>
    ExpertUpProjection,

    /// <summary>Bias of an expert's up projection, [X].</summary>
    ExpertUpProjectionBias,

    /// <summary>Down projection of an expert, [D, X].</summary>
    ExpertDownProjection,

    /// <summary>Bias of an expert's down projection, [D].</summary>
    ExpertDownProjectionBias,

    /// <summary>Gate projection of the expert that every token goes to, [Y, D].</summary>
    SharedGateProjection,

    /// <summary>Up projection of the expert that every token goes to, [Y, D].</summary>
    SharedUpProjection,

    /// <summary>Down projection of the expert that every token goes to, [D, Y].</summary>
    SharedDownProjection,

    /// <summary>What a sigmoid is taken of for the weight of the expert that every token goes to, [1, D].</summary>
    SharedExpertGate,

    /// <summary>The part of a state-space mixer's input projection that gates what it gives: z, [Nh · P, D].</summary>
    MambaGateProjection,

    /// <summary>Bias of z, [Nh · P].</summary>
    MambaGateProjectionBias,

    /// <summary>The part that makes what is mixed: x, [Nh · P, D].</summary>
    MambaInputProjection,

    /// <summary>Bias of x, [Nh · P].</summary>
    MambaInputProjectionBias,

    /// <summary>The part that makes what writes to the state: B, [G · S, D].</summary>
    MambaBProjection,

    /// <summary>Bias of B, [G · S].</summary>
    MambaBProjectionBias,

    /// <summary>The part that makes what reads the state: C, [G · S, D].</summary>
    MambaCProjection,

    /// <summary>Bias of C, [G · S].</summary>
    MambaCProjectionBias,

    /// <summary>The part that makes the steps: dt, [Nh, D].</summary>
    MambaStepProjection,

    /// <summary>Bias of the projection to steps, [Nh]; beside <see cref="MambaStepBias"/>.</summary>
    MambaStepProjectionBias,

    /// <summary>The convolution over positions of x, [Nh · P, K]; K is the kernel.</summary>
    MambaInputConvolution,

    /// <summary>Bias of the convolution of x, [Nh · P].</summary>
    MambaInputConvolutionBias,

    /// <summary>The convolution of B, [G · S, K].</summary>
    MambaBConvolution,

    /// <summary>Bias of the convolution of B, [G · S].</summary>
    MambaBConvolutionBias,

    /// <summary>The convolution of C, [G · S, K].</summary>
    MambaCConvolution,

    /// <summary>Bias of the convolution of C, [G · S].</summary>
    MambaCConvolutionBias,

    /// <summary>What is added to the steps before their softplus, [Nh].</summary>
    MambaStepBias,

    /// <summary>Logarithm of how fast each head's state decays: A_log, [Nh].</summary>
    MambaLogDecay,

    /// <summary>What x is multiplied by before it is added to what the state gives: D, [Nh].</summary>
    MambaSkip,

    /// <summary>Norm of the mixer's output, each group of heads separately, [Nh · P].</summary>
    MambaNorm,

    /// <summary>Output projection of a state-space mixer, [D, Nh · P].</summary>
    MambaOutputProjection,

    /// <summary>Bias of that, [D].</summary>
    MambaOutputProjectionBias,

    /// <summary>What attention's output is multiplied by, after a sigmoid: a gate for each query, [N · H, D].</summary>
    QueryGateProjection,

    /// <summary>Bias of that, [N · H].</summary>
    QueryGateProjectionBias,

    /// <summary>Queries of linear attention, [Nk · Hk, D]; Nk are its key heads, Hk their width.</summary>
    DeltaQueryProjection,

    /// <summary>Its keys, [Nk · Hk, D].</summary>
    DeltaKeyProjection,

    /// <summary>Its values, [Nv · Hv, D]; Nv are its value heads, Hv their width.</summary>
    DeltaValueProjection,

    /// <summary>What gates its output: z, [Nv · Hv, D].</summary>
    DeltaGateProjection,

    /// <summary>How much of each value is written: b, [Nv, D].</summary>
    DeltaStrengthProjection,

    /// <summary>How much of the state stays: a, [Nv, D].</summary>
    DeltaStepProjection,

    /// <summary>The convolution of queries over positions, [Nk · Hk, K]; K is the kernel.</summary>
    DeltaQueryConvolution,

    /// <summary>The convolution of keys, [Nk · Hk, K].</summary>
    DeltaKeyConvolution,

    /// <summary>The convolution of values, [Nv · Hv, K].</summary>
    DeltaValueConvolution,

    /// <summary>What is added to a before its softplus: dt_bias, [Nv].</summary>
    DeltaStepBias,

    /// <summary>Logarithm of how fast each head's state decays: A_log, [Nv].</summary>
    DeltaLogDecay,

    /// <summary>Norm of what each head gives, before the gate, the same for all, [Hv].</summary>
    DeltaNorm,

    /// <summary>Output projection of linear attention, [D, Nv · Hv].</summary>
    DeltaOutputProjection,

    /// <summary>Norm of what the feed-forward block gives, before it is added, [D].</summary>
    MlpOutputNorm,

    /// <summary>Norm after the last block, [D].</summary>
    FinalNorm,

    /// <summary>Bias of the norm after the last block, [D].</summary>
    FinalNormBias,

    /// <summary>Head, [V, D]; absent where the embedding serves.</summary>
    Head,
}

/// <summary>One parameter of a decoder.</summary>
/// <param name="Role">What it is for.</param>
/// <param name="Layer">Its block, from 0; -1 outside the blocks.</param>
/// <param name="Expert">Its expert in the block, from 0; -1 for what is no expert's.</param>
public readonly record struct Parameter(ParameterRole Role, int Layer = -1, int Expert = -1);

/// <summary>A parameter as a checkpoint holds it.</summary>
/// <param name="Name">Its name in the checkpoint.</param>
/// <param name="Parameter">Its role and block.</param>
/// <param name="Shape">Sizes of its axes.</param>
internal readonly record struct NamedParameter(string Name, Parameter Parameter, long[] Shape);
