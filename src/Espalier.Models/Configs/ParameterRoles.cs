using static Espalier.Models.ParameterRole;

namespace Espalier.Models;

/// <summary>Parameters that stand together in tables of names, in the order in which checkpoints list them.</summary>
internal static class ParameterRoles
{
    /// <summary>The projections of attention, without biases.</summary>
    public static readonly ParameterRole[] Attention = [QueryProjection, KeyProjection, ValueProjection, OutputProjection];

    /// <summary>The projections of queries, keys and values, each with its bias.</summary>
    public static readonly ParameterRole[] BiasedQueriesKeysValues =
        [QueryProjection, QueryProjectionBias, KeyProjection, KeyProjectionBias, ValueProjection, ValueProjectionBias];

    /// <summary>The projections of attention, each with its bias.</summary>
    public static readonly ParameterRole[] BiasedAttention = [.. BiasedQueriesKeysValues, OutputProjection, OutputProjectionBias];

    /// <summary>A gated feed-forward block.</summary>
    public static readonly ParameterRole[] Mlp = [GateProjection, UpProjection, DownProjection];

    /// <summary>A feed-forward block without a gate, with biases.</summary>
    public static readonly ParameterRole[] BiasedPlainMlp = [UpProjection, UpProjectionBias, DownProjection, DownProjectionBias];

    /// <summary>A gated feed-forward block with biases.</summary>
    public static readonly ParameterRole[] BiasedMlp = [GateProjection, GateProjectionBias, .. BiasedPlainMlp];

    public static readonly ParameterRole[] Experts = [Router, ExpertGateProjection, ExpertUpProjection, ExpertDownProjection];

    /// <summary>The expert that every token goes to.</summary>
    public static readonly ParameterRole[] SharedMlp =
        [SharedGateProjection, SharedUpProjection, SharedDownProjection, SharedExpertGate];

    /// <summary>Linear attention by the gated delta rule.</summary>
    public static readonly ParameterRole[] LinearAttention =
        [DeltaQueryProjection, DeltaKeyProjection, DeltaValueProjection, DeltaGateProjection, DeltaStrengthProjection, DeltaStepProjection,
            DeltaQueryConvolution, DeltaKeyConvolution, DeltaValueConvolution, DeltaStepBias, DeltaLogDecay, DeltaNorm,
            DeltaOutputProjection];
}
