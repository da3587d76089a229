using Espalier.Torch.Gradients;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Elements;
using Espalier.Torch.Kernels.Norms;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Layers;

/// <summary>
/// A decoder whose products are computed in bfloat16: the kernel before a product writes its operand in bfloat16, weights have a copy in
/// bfloat16 beside them, and what is added up over layers and steps (the residual stream, gradients of weights, the weights) stays float32.
/// </summary>
public static class Bfloat16Operators
{
    /// <summary>
    /// These values rounded to bfloat16, kept until they are written: what a weight is multiplied as. The tensor owns it, and no gradient
    /// flows. When the values are written, it is written at the next call. Several threads may ask at once, and replicas have one copy
    /// together.
    /// </summary>
    public static Tensor InBfloat16(this Tensor x) => x.DType == DType.BFloat16 ? x : x.Derived(static (values, before) =>
    {
        using var noGrad = GradMode.Disable();
        if (before is null)
            return values.To(DType.BFloat16);
        before.CopyInPlace(values);
        return before;
    });

    /// <summary>
    /// x · weightᵀ in bfloat16, [..., out], of x in bfloat16 and a weight [out, in] in float32, which gets its gradient in float32.
    /// The product adds up in float32 and rounds its result.
    /// </summary>
    public static Tensor LinearInBfloat16(this Tensor x, Tensor weight)
    {
        Tensor y;
        using (GradMode.Disable())
            y = Ops.Linear.Call(x, weight.InBfloat16());
        if (!GradMode.Records(x, weight))
            return y;
        var (wantsX, wantsW) = (x.WantsGradient, weight.WantsGradient);
        // The weight itself is kept for its version: its copy follows it.
        return Tape.Record(
            y, [x, weight], [wantsW ? x : null, wantsX ? weight.InBfloat16() : null, wantsX ? weight : null],
            static (node, g, into) =>
            {
                if (node.Inputs[0] is not null && node[2] is not null)
                    into[0] = g.MatMul(node[1]);
                if (node.Inputs[1] is not null)
                    into[1] = g.Reshape(-1, g.Size(-1)).Transpose(0, 1).MatMul(node[0].Reshape(-1, node[0].Size(-1))).To(DType.Float32);
            });
    }

    /// <summary>
    /// <see cref="NormOperators.RmsNorm"/> of float32 with its result rounded to bfloat16; the gradient that comes back is bfloat16, too.
    /// </summary>
    public static Tensor RmsNormInBfloat16(this Tensor x, Tensor weight, double epsilon)
    {
        if (!x.IsForwardFused)
            return x.RmsNorm(weight, epsilon).To(DType.BFloat16);
        var y = RmsNormKernel.Forward(x, weight, epsilon, DType.BFloat16);
        return Tape.Record(
            y, [x, weight], [x, weight],
            static (node, g, into) => (into[0], into[1]) = RmsNormKernel.Backward(g, node[0], node[1], node.Number), epsilon);
    }

    /// <summary>
    /// x + other in float32, of x in float32 and the other in bfloat16 and of one shape: the residual stream and what a layer adds.
    /// </summary>
    public static Tensor AddBfloat16(this Tensor x, Tensor other)
    {
        if (!x.IsForwardFused)
            return x.Add(other.To(x.DType));
        var y = AddNarrowKernel.Forward(x, other);
        return Tape.Record(y, [x, other], [], static (_, g, into) => (into[0], into[1]) = (g, g.To(DType.BFloat16)));
    }

    /// <summary>x += scale · other, of float32 and bfloat16. No gradient.</summary>
    public static void AddBfloat16InPlace(this Tensor x, Tensor other, double scale = 1)
    {
        if (x.IsFusedInOrder)
            AddNarrowKernel.AddTo(x, other, scale);
        else
            x.AddInPlace(other.To(x.DType), scale);
    }
}
