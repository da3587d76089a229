using static Espalier.Models.Axis;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models;

/// <summary>
/// The parameters of linear attention by the gated delta rule (arXiv 2412.06464), a part of <see cref="ParameterSpecs"/>.
/// </summary>
internal static class DeltaSpecs
{
    // Values of all heads, and positions that the convolution sees.
    private static readonly Dimension s_values = new(DeltaHeads, DeltaHeadDim);
    private static readonly Dimension s_kernel = new("linear_conv_kernel_dim", config => config.Delta.Kernel);

    public static IReadOnlyList<ParameterSpec> All { get; } =
    [
        Projected(DeltaQueryProjection, DeltaKeyHeads),
        Projected(DeltaKeyProjection, DeltaKeyHeads),
        Projected(DeltaValueProjection, s_values),
        Projected(DeltaGateProjection, s_values),
        Projected(DeltaStrengthProjection, DeltaHeads),
        Projected(DeltaStepProjection, DeltaHeads),
        Convolution(DeltaQueryConvolution, DeltaKeyHeads),
        Convolution(DeltaKeyConvolution, DeltaKeyHeads),
        Convolution(DeltaValueConvolution, s_values),
        // As the reference begins: a bias of one, and decays spread evenly below 16, which it draws.
        Of(DeltaStepBias, DeltaHeads) with { First = static (_, _) => 1 },
        Of(DeltaLogDecay, DeltaHeads) with { First = static (config, head) => Math.Log(16 * (head + 0.5) / config.Delta.Heads) },
        Of(DeltaNorm, DeltaHeadDim) with { Group = ParameterGroup.Norms, IsNeutralAtOne = static _ => true },
        Of(DeltaOutputProjection, Hidden, s_values) with { Input = TapPoint.DeltaOutput },
    ];

    private static ParameterSpec Of(ParameterRole role, params IReadOnlyList<Dimension> dimensions) =>
        new(role, ParameterGroup.Delta, dimensions) { Exists = static (_, kind) => kind.HasDelta };

    private static ParameterSpec Projected(ParameterRole weight, Dimension rows) =>
        Of(weight, rows, Hidden) with { Input = TapPoint.InputNorm };

    private static ParameterSpec Convolution(ParameterRole weight, Dimension rows) =>
        Of(weight, rows, s_kernel) with { IsConvolution = true };
}
