using Espalier.Torch.Gradients;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Elements;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Layers;

/// <summary>
/// The units of a decoder's feed-forward part, forward and back. Of float32 on the CPU by our kernels, which read each value once; else out
/// of libtorch's operators. Both give the same within rounding, and gradient flows through both.
/// </summary>
public static class UnitOperators
{
    /// <summary>silu(x) · up, the gated unit of arXiv 2002.05202; both of one shape.</summary>
    public static Tensor SiluMul(this Tensor x, Tensor up) => x.IsFusedNarrow ? x.GatedUnit<GatedUnit<SiluGate>>(up) : x.SiluMulByParts(up);

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor SiluMulByParts(this Tensor x, Tensor up) => x.Silu().Mul(up);

    /// <summary>gelu(x) · up with GELU in its tanh form (arXiv 1606.08415), the gated unit of Gemma; both of one shape.</summary>
    public static Tensor GeluMul(this Tensor x, Tensor up) => x.IsFusedNarrow ? x.GatedUnit<GatedUnit<GeluGate>>(up) : x.GeluMulByParts(up);

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor GeluMulByParts(this Tensor x, Tensor up) => x.GeluByParts().Mul(up);

    /// <summary>sigmoid(x) · up, the gate of attention's output in Qwen3-Next; both of one shape.</summary>
    internal static Tensor SigmoidMul(this Tensor x, Tensor up) =>
        x.IsFusedNarrow ? x.GatedUnit<GatedUnit<SigmoidGate>>(up) : x.SigmoidMulByParts(up);

    /// <summary>The same out of libtorch's operators.</summary>
    internal static Tensor SigmoidMulByParts(this Tensor x, Tensor up) => x.Mul(0.5).Tanh().Add(1).Mul(0.5).Mul(up);

    /// <summary>
    /// (u + 1) · g · sigmoid(1.702 · g), with g what is of x up to the limit and u what is of <paramref name="up"/> from −limit to limit:
    /// the gated unit of GPT-OSS. Both of one shape. What is beyond the limit gets no gradient.
    /// </summary>
    internal static Tensor ClampedSiluMul(this Tensor x, Tensor up, double limit) =>
        x.IsFusedNarrow ? x.GatedUnit<ClampedUnit>(up, limit) : x.ClampedSiluMulByParts(up, limit);

    /// <summary>The same out of libtorch's operators.</summary>
    internal static Tensor ClampedSiluMulByParts(this Tensor x, Tensor up, double limit)
    {
        var gate = x.Below(limit);
        // A sigmoid is a hyperbolic tangent.
        var sigmoid = gate.Mul(0.5 * ClampedUnit.Alpha).Tanh().Add(1).Mul(0.5);
        return gate.Mul(sigmoid).Mul(up.Below(limit).Neg().Below(limit).Neg().Add(1));
    }

    // The smaller one of x and the limit; NaN stays NaN.
    private static Tensor Below(this Tensor x, double limit) => x.MaskedFill(x.Neg().Less(-limit), limit);

    /// <summary>gelu(x) in its tanh form, without a gate (StarCoder2).</summary>
    public static Tensor Gelu(this Tensor x) => x.IsFusedNarrow ? x.Unit<SigmoidUnit<GeluGate>>() : x.GeluByParts();

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor GeluByParts(this Tensor x)
    {
        var linear = Math.Sqrt(2 / Math.PI);
        return x.Mul(x.Square().Mul(0.044715 * linear).Add(linear)).Tanh().Add(1).Mul(0.5).Mul(x);
    }

    private static Tensor Unit<TU>(this Tensor x) where TU : struct, IUnit
    {
        var y = UnitKernel<TU>.Forward(x);
        return Tape.Record(y, [x], [x], static (node, g, into) => into[0] = UnitKernel<TU>.Backward(g, node[0]));
    }

    private static Tensor GatedUnit<TU>(this Tensor x, Tensor up, double limit = double.PositiveInfinity) where TU : struct, IGatedUnit
    {
        var y = GatedUnitKernel<TU>.Forward(x, up, limit);
        return Tape.Record(y, [x, up], [x, up], static (node, g, into) =>
            (into[0], into[1]) = GatedUnitKernel<TU>.Backward(g, node[0], node[1], node.Number), limit);
    }

    /// <summary>max(x, 0)² (arXiv 2109.08668).</summary>
    public static Tensor SquaredRelu(this Tensor x) => x.IsForwardFused ? x.Unit<SquaredReluUnit>() : x.SquaredReluByParts();

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor SquaredReluByParts(this Tensor x) => x.Relu().Square();
}
