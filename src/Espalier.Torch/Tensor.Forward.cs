using Espalier.Torch.Gradients;
using Espalier.Torch.Kernels;

namespace Espalier.Torch;

/// <summary>
/// What a decoder's forward pass repeats. Where gradients are off (<see cref="FusedForward"/>) and values are float32, by our kernels, which read each value once and
/// have no backward pass; else out of libtorch's, through which gradient flows. Both give the same within rounding.
/// </summary>
public sealed partial class Tensor
{
    /// <summary>Whether the kernels of the forward pass take this tensor now.</summary>
    public bool IsForwardFused => DType == DType.Float32 && FusedForward.IsEnabled;

    /// <summary>this / √(mean of this² + ε) · weight over the last dimension D (arXiv 1910.07467); <paramref name="weight"/> is [D].</summary>
    public Tensor RmsNorm(Tensor weight, double epsilon) => IsForwardFused ? RmsNormKernel.Forward(this, weight, epsilon) : RmsNormByParts(weight, epsilon);

    /// <summary>The same out of libtorch's operators.</summary>
    public Tensor RmsNormByParts(Tensor weight, double epsilon) => Mul(Square().Mean([-1], keep: true).Add(epsilon).Rsqrt()).Mul(weight);

    /// <summary>
    /// Turns heads [B, T, N, H] by the angles of their positions (arXiv 2104.09864): of the first R entries, entry i with entry i + R/2. The tables are [T, 1, R/2], or
    /// [B, T, 1, R/2] where rows have their own positions.
    /// </summary>
    public Tensor Rotate(Tensor cos, Tensor sin) => IsForwardFused ? RotateKernel.Forward(this, cos, sin) : RotateByParts(cos, sin);

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
    public Tensor SiluMul(Tensor up) => IsForwardFused ? SiluMulKernel.Forward(this, up) : SiluMulByParts(up);

    /// <summary>The same out of libtorch's operators.</summary>
    public Tensor SiluMulByParts(Tensor up) => Silu().Mul(up);

    /// <summary>
    /// Causal grouped-query attention of these queries [B, T, N, H], the last T of the S positions of keys and values [B, S, K, H]: [B, T, N, H]. The scores are never in
    /// memory. Only where <see cref="IsForwardFused"/>.
    /// </summary>
    /// <param name="keys">Keys; K divides N.</param>
    /// <param name="values">Values, of the keys' shape.</param>
    /// <param name="scale">What products are multiplied by, 1/√H by custom.</param>
    /// <param name="window">Keys that a query sees, its own included, or null for all up to its own.</param>
    public Tensor CausalAttention(Tensor keys, Tensor values, double scale, long? window) => Tape.Wants(this, keys, values)
        ? throw new TorchException("causal_attention: an input wants a gradient, and the kernel has no backward; call it with gradients off")
        : AttentionKernel.Forward(this, keys, values, scale, window);

    /// <summary>The loss of each row's target, log Σ exp(row) − row[target], of logits [C, V] and ids [C] (Int64): [C], nats.</summary>
    public Tensor TokenNll(Tensor targets) => IsForwardFused ? TokenNllKernel.Forward(this, targets) : TokenNllByParts(targets);

    /// <summary>The same out of libtorch's operators.</summary>
    public Tensor TokenNllByParts(Tensor targets) => LogSumExp(-1).Sub(Gather(-1, targets.Unsqueeze(-1)).Squeeze(-1));
}
