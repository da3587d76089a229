using Espalier.Torch.Gradients;
using Espalier.Torch.Kernels;

namespace Espalier.Torch;

/// <summary>
/// What a decoder repeats, forward and back. Of float32 on the CPU by our kernels, which read each value once; else out of libtorch's
/// operators. Both give the same within rounding, and gradient flows through both.
/// </summary>
public sealed partial class Tensor
{
    /// <summary>Whether the kernels take this tensor.</summary>
    public bool IsForwardFused => DType == DType.Float32 && IsOnCpu;

    /// <summary>
    /// this / √(mean of this² + ε) · weight over the last dimension D (arXiv 1910.07467); <paramref name="weight"/> is [D].
    /// </summary>
    public Tensor RmsNorm(Tensor weight, double epsilon)
    {
        if (!IsForwardFused)
            return RmsNormByParts(weight, epsilon);
        var y = RmsNormKernel.Forward(this, weight, epsilon);
        if (!Tape.Wants(this, weight))
            return y;
        return Tape.Record(
            y, [this, weight], [this, weight],
            static (node, g, into) => (into[0], into[1]) = RmsNormKernel.Backward(g, node[0], node[1], node.Number), epsilon);
    }

    /// <summary>The same out of libtorch's operators.</summary>
    public Tensor RmsNormByParts(Tensor weight, double epsilon) => Mul(Square().Mean([-1], keep: true).Add(epsilon).Rsqrt()).Mul(weight);

    /// <summary>
    /// (this − mean) / √(variance + ε) · (1 + weight) + bias over the last dimension D (arXiv 1607.06450), with the weight kept as its
    /// distance from one; weight and bias are [D].
    /// </summary>
    public Tensor LayerNorm1p(Tensor weight, Tensor bias, double epsilon)
    {
        if (!IsForwardFused)
            return LayerNorm1pByParts(weight, bias, epsilon);
        var y = LayerNormKernel.Forward(this, weight, bias, epsilon);
        if (!Tape.Wants(this, weight, bias))
            return y;
        return Tape.Record(
            y, [this, weight, bias], [this, weight],
            static (node, g, into) => (into[0], into[1], into[2]) = LayerNormKernel.Backward(g, node[0], node[1], node.Number), epsilon);
    }

    /// <summary>The same out of libtorch's operators.</summary>
    public Tensor LayerNorm1pByParts(Tensor weight, Tensor bias, double epsilon) => LayerNorm(weight.Add(1), bias, epsilon);

    /// <summary>
    /// Turns heads [B, T, N, H] by the angles of their positions (arXiv 2104.09864): of the first R entries, entry i with entry i + R/2.
    /// The tables are [T, 1, R/2], or [B, T, 1, R/2] where rows have their own positions. Of bfloat16 and tables of float32 the result is
    /// float32.
    /// </summary>
    public Tensor Rotate(Tensor cos, Tensor sin)
    {
        if (!IsFusedNarrow || cos.DType != DType.Float32 || Tape.Wants(cos, sin))
            return RotateByParts(cos, sin);
        var y = RotateKernel.Forward(this, cos, sin);
        if (!Tape.Wants(this))
            return y;
        return Tape.Record(
            y, [this], [cos, sin], static (node, g, into) => into[0] = RotateKernel.Backward(g, node[0], node[1], (DType)node.First),
            first: (long)DType);
    }

    /// <summary>The same out of libtorch's operators.</summary>
    public Tensor RotateByParts(Tensor cos, Tensor sin)
    {
        var half = cos.Size(-1);
        var (a, b) = (Slice(-1, 0, half), Slice(-1, half, 2 * half));
        var turnedA = a.Mul(cos).Sub(b.Mul(sin));
        var turnedB = b.Mul(cos).Add(a.Mul(sin));
        return 2 * half == Size(-1) ? Cat(-1, turnedA, turnedB) : Cat(-1, turnedA, turnedB, Slice(-1, 2 * half, Size(-1)));
    }

    /// <summary>silu(this) · up, the gated unit of arXiv 2002.05202; both of one shape.</summary>
    public Tensor SiluMul(Tensor up) => IsFusedNarrow ? GatedUnit<SiluGate>(up) : SiluMulByParts(up);

    /// <summary>The same out of libtorch's operators.</summary>
    public Tensor SiluMulByParts(Tensor up) => Silu().Mul(up);

    /// <summary>gelu(this) · up with GELU in its tanh form (arXiv 1606.08415), the gated unit of Gemma; both of one shape.</summary>
    public Tensor GeluMul(Tensor up) => IsFusedNarrow ? GatedUnit<GeluGate>(up) : GeluMulByParts(up);

    /// <summary>The same out of libtorch's operators.</summary>
    public Tensor GeluMulByParts(Tensor up)
    {
        var linear = Math.Sqrt(2 / Math.PI);
        return Mul(Square().Mul(0.044715 * linear).Add(linear)).Tanh().Add(1).Mul(0.5).Mul(this).Mul(up);
    }

    private Tensor GatedUnit<TG>(Tensor up) where TG : struct, IGate
    {
        var y = GatedUnitKernel<TG>.Forward(this, up);
        if (!Tape.Wants(this, up))
            return y;
        return Tape.Record(
            y, [this, up], [this, up], static (node, g, into) => (into[0], into[1]) = GatedUnitKernel<TG>.Backward(g, node[0], node[1]));
    }

    /// <summary>max(this, 0)² (arXiv 2109.08668).</summary>
    public Tensor SquaredRelu()
    {
        if (!IsForwardFused)
            return SquaredReluByParts();
        var y = SquaredReluKernel.Forward(this);
        if (!Tape.Wants(this))
            return y;
        return Tape.Record(y, [this], [this], static (node, g, into) => into[0] = SquaredReluKernel.Backward(g, node[0]));
    }

    /// <summary>The same out of libtorch's operators.</summary>
    public Tensor SquaredReluByParts() => Relu().Square();

    /// <summary>The loss of each row's target, log Σ exp(row) − row[target], of logits [C, V] and ids [C] (Int64): [C], nats.</summary>
    public Tensor TokenNll(Tensor targets) =>
        IsForwardFused && !Tape.Wants(this) ? TokenNllKernel.Forward(this, targets) : TokenNllByParts(targets);

    /// <summary>The same out of libtorch's operators.</summary>
    public Tensor TokenNllByParts(Tensor targets) => LogSumExp(-1).Sub(Gather(-1, targets.Unsqueeze(-1)).Squeeze(-1));
}
