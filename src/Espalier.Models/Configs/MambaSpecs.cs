using static Espalier.Models.Axis;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models;

/// <summary>The parameters of a state-space mixer (Mamba-2, arXiv 2405.21060), a part of <see cref="ParameterSpecs"/>.</summary>
internal static class MambaSpecs
{
    // Steps of a new model: from 0.001 to 0.1, as the reference draws them, here evenly in the logarithm.
    private const double LeastStep = 0.001, MostStep = 0.1;

    // Channels of all heads, entries of B and of C of all groups, and positions that the convolution sees.
    private static readonly Dimension s_channels = new(MambaHeads, MambaHeadDim);
    private static readonly Dimension s_states = new("n_groups * ssm_state_size", config => config.Mamba.StateChannels);
    private static readonly Dimension s_kernel = new("conv_kernel", config => config.Mamba.Kernel);

    public static IReadOnlyList<ParameterSpec> All { get; } =
    [
        .. Projected(MambaGateProjection, MambaGateProjectionBias, s_channels),
        .. Projected(MambaInputProjection, MambaInputProjectionBias, s_channels),
        .. Projected(MambaBProjection, MambaBProjectionBias, s_states),
        .. Projected(MambaCProjection, MambaCProjectionBias, s_states),
        .. Projected(MambaStepProjection, MambaStepProjectionBias, MambaHeads),
        .. Convolution(MambaInputConvolution, MambaInputConvolutionBias, s_channels),
        .. Convolution(MambaBConvolution, MambaBConvolutionBias, s_states),
        .. Convolution(MambaCConvolution, MambaCConvolutionBias, s_states),
        Of(MambaStepBias, MambaHeads) with { First = static (config, head) => InverseSoftplus(StepOf(head, config.Mamba.Heads)) },
        Of(MambaLogDecay, MambaHeads) with { First = static (_, head) => Math.Log(head + 1) },
        Of(MambaSkip, MambaHeads) with { IsNeutralAtOne = static _ => true },
        Of(MambaNorm, s_channels) with { Group = ParameterGroup.Norms, IsNeutralAtOne = static _ => true },
        Of(MambaOutputProjection, Hidden, s_channels) with { Input = TapPoint.MambaOutput },
        Of(MambaOutputProjectionBias, Hidden) with { Exists = HasProjectionBias },
    ];

    private static ParameterSpec Of(ParameterRole role, params IReadOnlyList<Dimension> dimensions) =>
        new(role, ParameterGroup.Mamba, dimensions) { Exists = static (_, kind) => kind.HasMamba };

    private static ParameterSpec[] Projected(ParameterRole weight, ParameterRole bias, Dimension rows) =>
    [
        Of(weight, rows, Hidden) with { Input = TapPoint.InputNorm },
        Of(bias, rows) with { Exists = HasProjectionBias },
    ];

    private static ParameterSpec[] Convolution(ParameterRole weight, ParameterRole bias, Dimension rows) =>
    [
        Of(weight, rows, s_kernel) with { IsConvolution = true },
        Of(bias, rows) with { Exists = static (config, kind) => kind.HasMamba && config.Mamba.ConvolutionBias },
    ];

    private static bool HasProjectionBias(DecoderConfig config, LayerKind kind) => kind.HasMamba && config.Mamba.ProjectionBias;

    private static double StepOf(long head, int heads) =>
        LeastStep * Math.Pow(MostStep / LeastStep, heads == 1 ? 0.5 : (double)head / (heads - 1));

    private static double InverseSoftplus(double step) => step + Math.Log(-double.ExpM1(-step));
}
