using Espalier.Torch.Gradients;
using Espalier.Torch.Kernels;

namespace Espalier.Torch;

/// <summary>
/// A decoder whose products are computed in bfloat16: the kernel before a product writes its operand in bfloat16, weights have a copy in
/// bfloat16 beside them, and what is added up over layers and steps (the residual stream, gradients of weights, the weights) stays float32.
/// </summary>
public sealed partial class Tensor
{
    private static readonly Lock s_narrowing = new();

    private Tensor? _narrow;
    private volatile int _narrowVersion = -1;
    private Tensor? _original;

    /// <summary>
    /// These values rounded to bfloat16, kept until they are written: what a weight is multiplied as. The tensor owns it, and no gradient
    /// flows. Several threads may ask at once, and replicas have one copy together.
    /// </summary>
    public Tensor InBfloat16()
    {
        if (DType == DType.BFloat16)
            return this;
        if (_original is not null)
            return _original.InBfloat16();
        var version = Version;
        if (_narrowVersion == version)
            return _narrow!;
        lock (s_narrowing)
        {
            if (_narrowVersion != version)
            {
                using var noGrad = GradMode.Disable();
                _narrow?.Dispose();
                _narrow = To(DType.BFloat16).Unscoped();
                _narrowVersion = version;
            }
            return _narrow!;
        }
    }

    /// <summary>
    /// this · weightᵀ in bfloat16, [..., out], of this in bfloat16 and a weight [out, in] in float32, which gets its gradient in float32.
    /// The product adds up in float32 and rounds its result.
    /// </summary>
    public Tensor LinearInBfloat16(Tensor weight)
    {
        Tensor y;
        using (GradMode.Disable())
            y = Ops.Linear.Call(this, weight.InBfloat16());
        if (!Tape.Wants(this, weight))
            return y;
        var (wantsX, wantsW) = (WantsGradient, weight.WantsGradient);
        // The weight itself is kept for its version: its copy follows it.
        return Tape.Record(
            y, [this, weight], [wantsW ? this : null, wantsX ? weight.InBfloat16() : null, wantsX ? weight : null],
            static (node, g, into) =>
            {
                if (node.Inputs[0] is not null && node[2] is not null)
                    into[0] = g.MatMul(node[1]);
                if (node.Inputs[1] is not null)
                    into[1] = g.Reshape(-1, g.Size(-1)).Transpose(0, 1).MatMul(node[0].Reshape(-1, node[0].Size(-1))).To(DType.Float32);
            });
    }

    /// <summary>
    /// <see cref="RmsNorm"/> of float32 with its result rounded to bfloat16; the gradient that comes back is bfloat16, too.
    /// </summary>
    public Tensor RmsNormInBfloat16(Tensor weight, double epsilon)
    {
        if (!IsForwardFused)
            return RmsNorm(weight, epsilon).To(DType.BFloat16);
        var y = RmsNormKernel.Forward(this, weight, epsilon, DType.BFloat16);
        if (!Tape.Wants(this, weight))
            return y;
        return Tape.Record(
            y, [this, weight], [this, weight],
            static (node, g, into) => (into[0], into[1]) = RmsNormKernel.Backward(g, node[0], node[1], node.Number), epsilon);
    }

    /// <summary>
    /// this + other in float32, of this in float32 and the other in bfloat16 and of one shape: the residual stream and what a layer adds.
    /// </summary>
    public Tensor AddBfloat16(Tensor other)
    {
        if (!IsForwardFused)
            return Add(other.To(DType));
        var y = AddNarrowKernel.Forward(this, other);
        return Tape.Wants(this, other)
            ? Tape.Record(y, [this, other], [], static (_, g, into) => (into[0], into[1]) = (g, g.To(DType.BFloat16))) : y;
    }

    /// <summary>this += scale · other, of float32 and bfloat16. No gradient.</summary>
    public void AddBfloat16InPlace(Tensor other, double scale = 1)
    {
        if (IsFusedInOrder)
            AddNarrowKernel.AddTo(this, other, scale);
        else
            AddInPlace(other.To(DType), scale);
    }

    /// <summary>Whether the kernels that take bfloat16, too, take this tensor.</summary>
    private bool IsFusedNarrow => DType is DType.Float32 or DType.BFloat16 && IsOnCpu;
}
