using Espalier.Models.FeedForwards;
using Espalier.Models.Mixers;

namespace Espalier.Models;

/// <summary>Blocks and norms built around weights: those of a whole model, or of the one layer that is in memory.</summary>
/// <param name="config">Shapes and kinds.</param>
/// <param name="weights">The weights.</param>
/// <param name="adapters">What is added to projections, by their weights; null for nothing.</param>
internal sealed class DecoderParts(DecoderConfig config, IReadOnlyDictionary<Parameter, Tensor> weights,
    IReadOnlyDictionary<Parameter, LowRankAdapter>? adapters = null)
{
    /// <summary>The block of a layer; its weights are among those given.</summary>
    public Block Block(int layer)
    {
        var kind = config.LayerKinds[layer];
        var first = NormOf(ParameterRole.InputNorm, ParameterRole.InputNormBias, layer);
        return new(layer, config.ResidualScale)
        {
            InputLayernorm = first,
            MixerOutputNorm = NormOf(ParameterRole.AttentionOutputNorm, null, layer),
            Mixer = kind.HasAttention ? AttentionOf(layer) : kind.HasMamba ? MambaOf(layer)
                : kind.HasDelta ? DeltaOf(layer) : null,
            // A block that is a feed-forward half alone has one norm.
            PostAttentionLayernorm = !kind.HasMixer ? first
                : NormOf(ParameterRole.PostAttentionNorm, ParameterRole.PostAttentionNormBias, layer),
            MlpOutputNorm = NormOf(ParameterRole.MlpOutputNorm, null, layer),
            Mlp = !kind.HasFeedForward ? null : kind.HasExperts ? ExpertsOf(layer) : FeedForwardOf(layer),
        };
    }

    /// <summary>The norm after the last block; its weights are among those given.</summary>
    public Normalization FinalNorm() => NormOf(ParameterRole.FinalNorm, ParameterRole.FinalNormBias, -1)!;

    private SelfAttention AttentionOf(int layer) => new(config, layer)
    {
        QProj = ProjectionOf(ParameterRole.QueryProjection, ParameterRole.QueryProjectionBias, layer),
        KProj = ProjectionOf(ParameterRole.KeyProjection, ParameterRole.KeyProjectionBias, layer),
        GateProj = config.LayerKinds[layer].HasAttentionGate
            ? ProjectionOf(ParameterRole.QueryGateProjection, ParameterRole.QueryGateProjectionBias, layer)
            : null,
        VProj = ProjectionOf(ParameterRole.ValueProjection, ParameterRole.ValueProjectionBias, layer),
        OProj = ProjectionOf(ParameterRole.OutputProjection, ParameterRole.OutputProjectionBias, layer),
        Sinks = weights.GetValueOrDefault(new(ParameterRole.AttentionSinks, layer)),
        QNorm = HeadNormOf(ParameterRole.QueryNorm, layer) ?? HeadNormOf(ParameterRole.QueryRowNorm, layer),
        KNorm = HeadNormOf(ParameterRole.KeyNorm, layer) ?? HeadNormOf(ParameterRole.KeyRowNorm, layer),
    };

    private Mamba2Mixer MambaOf(int layer) => new(config, layer)
    {
        GateProj = ProjectionOf(ParameterRole.MambaGateProjection, ParameterRole.MambaGateProjectionBias, layer),
        InputProj = ProjectionOf(ParameterRole.MambaInputProjection, ParameterRole.MambaInputProjectionBias, layer),
        BProj = ProjectionOf(ParameterRole.MambaBProjection, ParameterRole.MambaBProjectionBias, layer),
        CProj = ProjectionOf(ParameterRole.MambaCProjection, ParameterRole.MambaCProjectionBias, layer),
        StepProj = ProjectionOf(ParameterRole.MambaStepProjection, ParameterRole.MambaStepProjectionBias, layer),
        InputConv = weights[new(ParameterRole.MambaInputConvolution, layer)],
        InputConvBias = weights.GetValueOrDefault(new(ParameterRole.MambaInputConvolutionBias, layer)),
        BConv = weights[new(ParameterRole.MambaBConvolution, layer)],
        BConvBias = weights.GetValueOrDefault(new(ParameterRole.MambaBConvolutionBias, layer)),
        CConv = weights[new(ParameterRole.MambaCConvolution, layer)],
        CConvBias = weights.GetValueOrDefault(new(ParameterRole.MambaCConvolutionBias, layer)),
        StepBias = weights[new(ParameterRole.MambaStepBias, layer)],
        LogDecay = weights[new(ParameterRole.MambaLogDecay, layer)],
        Skip = weights[new(ParameterRole.MambaSkip, layer)],
        NormWeight = weights[new(ParameterRole.MambaNorm, layer)],
        OutProj = ProjectionOf(ParameterRole.MambaOutputProjection, ParameterRole.MambaOutputProjectionBias, layer),
    };

    private GatedDeltaMixer DeltaOf(int layer) => new(config, layer)
    {
        QProj = ProjectionOf(ParameterRole.DeltaQueryProjection, layer),
        KProj = ProjectionOf(ParameterRole.DeltaKeyProjection, layer),
        VProj = ProjectionOf(ParameterRole.DeltaValueProjection, layer),
        GateProj = ProjectionOf(ParameterRole.DeltaGateProjection, layer),
        StrengthProj = ProjectionOf(ParameterRole.DeltaStrengthProjection, layer),
        StepProj = ProjectionOf(ParameterRole.DeltaStepProjection, layer),
        QConv = weights[new(ParameterRole.DeltaQueryConvolution, layer)],
        KConv = weights[new(ParameterRole.DeltaKeyConvolution, layer)],
        VConv = weights[new(ParameterRole.DeltaValueConvolution, layer)],
        StepBias = weights[new(ParameterRole.DeltaStepBias, layer)],
        LogDecay = weights[new(ParameterRole.DeltaLogDecay, layer)],
        NormWeight = weights[new(ParameterRole.DeltaNorm, layer)],
        OutProj = ProjectionOf(ParameterRole.DeltaOutputProjection, layer),
    };

    private FeedForward FeedForwardOf(int layer) => new(config.LayerKinds[layer], layer)
    {
        GateProj = config.LayerKinds[layer].HasGate
            ? ProjectionOf(ParameterRole.GateProjection, ParameterRole.GateProjectionBias, layer)
            : null,
        UpProj = ProjectionOf(ParameterRole.UpProjection, ParameterRole.UpProjectionBias, layer),
        DownProj = ProjectionOf(ParameterRole.DownProjection, ParameterRole.DownProjectionBias, layer),
    };

    private MixtureOfExperts ExpertsOf(int layer) => new(config, layer)
    {
        Router = new(weights[new(ParameterRole.Router, layer)], weights.GetValueOrDefault(new(ParameterRole.RouterBias, layer))),
        Gates = config.LayerKinds[layer].HasGate
            ? OfExperts(ParameterRole.ExpertGateProjection, ParameterRole.ExpertGateProjectionBias, layer)
            : null,
        Ups = OfExperts(ParameterRole.ExpertUpProjection, ParameterRole.ExpertUpProjectionBias, layer),
        Downs = OfExperts(ParameterRole.ExpertDownProjection, ParameterRole.ExpertDownProjectionBias, layer),
        Shared = config.LayerKinds[layer].HasSharedExpert ? SharedOf(layer) : null,
    };

    private SharedExpert SharedOf(int layer)
    {
        Projection Of(ParameterRole role) => new(weights[new(role, layer)], null, adapters?.GetValueOrDefault(new(role, layer)));
        return new(config.LayerKinds[layer], layer)
        {
            GateProj = config.LayerKinds[layer].HasGate ? Of(ParameterRole.SharedGateProjection) : null,
            UpProj = Of(ParameterRole.SharedUpProjection),
            DownProj = Of(ParameterRole.SharedDownProjection),
            Weight = Of(ParameterRole.SharedExpertGate),
        };
    }

    private ExpertProjections OfExperts(ParameterRole weight, ParameterRole bias, int layer)
    {
        Tensor[] Of(ParameterRole role) => [.. Enumerable.Range(0, config.Experts).Select(expert => weights[new(role, layer, expert)])];
        return new(Of(weight), config.ExpertBias ? Of(bias) : null);
    }

    private Projection ProjectionOf(ParameterRole weight, ParameterRole bias, int layer) =>
        ProjectionOf(weight, layer) with { Bias = weights.GetValueOrDefault(new(bias, layer)) };

    private Projection ProjectionOf(ParameterRole weight, int layer) =>
        new(weights[new(weight, layer)], null, adapters?.GetValueOrDefault(new(weight, layer)));

    private Normalization? NormOf(ParameterRole weight, ParameterRole? bias, int layer) =>
        weights.TryGetValue(new(weight, layer), out var tensor)
        ? new(config.Norm, config.NormEpsilon, tensor, bias is { } role ? weights.GetValueOrDefault(new(role, layer)) : null)
        : null;

    private Normalization? HeadNormOf(ParameterRole weight, int layer) =>
        weights.TryGetValue(new(weight, layer), out var tensor) ? new(config.HeadNorm, config.NormEpsilon, tensor, null) : null;
}
