using Espalier.Torch.Gradients;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Norms;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Layers;

/// <summary>
/// The norms of decoders, forward and back. Of float32 on the CPU by our kernels, which read each value once; else out of libtorch's
/// operators. Both give the same within rounding, and gradient flows through both.
/// </summary>
public static class NormOperators
{
    /// <summary>
    /// x / √(mean of x² + ε) · weight over the last dimension D (arXiv 1910.07467); <paramref name="weight"/> is [D].
    /// </summary>
    public static Tensor RmsNorm(this Tensor x, Tensor weight, double epsilon)
    {
        if (!x.IsForwardFused)
            return x.Device.IsCuda && x.DType == weight.DType ? x.RmsNormOfLibtorch(weight, epsilon) : x.RmsNormByParts(weight, epsilon);
        var y = RmsNormKernel.Forward(x, weight, epsilon);
        return Tape.Record(
            y, [x, weight], [x, weight],
            static (node, g, into) => (into[0], into[1]) = RmsNormKernel.Backward(g, node[0], node[1], node.Number), epsilon);
    }

    /// <summary>The same, forward by libtorch's operator for all of it, and back in few calls.</summary>
    internal static Tensor RmsNormOfLibtorch(this Tensor x, Tensor weight, double epsilon)
    {
        long[] width = [x.Size(-1)];
        Tensor[] made;
        using (GradMode.Disable())
            made = Ops.FusedRmsNorm.CallMany(x, width, weight, epsilon);
        using var roots = made[1];
        return Tape.Record(made[0], [x, weight], [x, weight, roots], static (node, g, into) =>
        {
            // n = x r: dx = r (dn − n mean(dn n)), dw = Σ g n.
            var (normal, slope) = (node[0].Mul(node[2]), g.Mul(node[1]));
            into[0] = slope.Sub(normal.Mul(slope.Mul(normal).Mean([-1], keep: true))).Mul(node[2]);
            into[1] = g.Mul(normal).Reshape(-1, g.Size(-1)).Sum([0]);
        });
    }

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor RmsNormByParts(this Tensor x, Tensor weight, double epsilon) =>
        x.Mul(x.Square().Mean([-1], keep: true).Add(epsilon).Rsqrt()).Mul(weight);

    /// <summary>
    /// (x − mean) / √(variance + ε) · (1 + weight) + bias over the last dimension D (arXiv 1607.06450), with the weight kept as its
    /// distance from one; weight and bias are [D].
    /// </summary>
    public static Tensor LayerNorm1p(this Tensor x, Tensor weight, Tensor bias, double epsilon) =>
        x.IsForwardFused ? x.LayerNorm(weight, bias, epsilon, plus: 1) : x.LayerNorm1pByParts(weight, bias, epsilon);

    /// <summary>The same out of libtorch's operators.</summary>
    public static Tensor LayerNorm1pByParts(this Tensor x, Tensor weight, Tensor bias, double epsilon) =>
        x.LayerNormOfLibtorch(weight.Add(1), bias, epsilon);

    /// <summary>
    /// Layer norm (arXiv 1607.06450) over the last dimension D: (x − mean) / √(variance + ε) · weight + bias; weight and bias are [D].
    /// </summary>
    public static Tensor LayerNorm(this Tensor x, Tensor weight, Tensor bias, double epsilon) =>
        x.IsForwardFused ? x.LayerNorm(weight, bias, epsilon, plus: 0) : x.LayerNormOfLibtorch(weight, bias, epsilon);

    private static Tensor LayerNorm(this Tensor x, Tensor weight, Tensor bias, double epsilon, long plus)
    {
        var y = LayerNormKernel.Forward(x, weight, bias, epsilon, plus);
        return Tape.Record(
            y, [x, weight, bias], [x, weight],
            static (node, g, into) => (into[0], into[1], into[2]) = LayerNormKernel.Backward(g, node[0], node[1], node.Number, node.First),
            epsilon, plus);
    }

    /// <summary>The same by libtorch's operator.</summary>
    internal static Tensor LayerNormOfLibtorch(this Tensor x, Tensor weight, Tensor bias, double epsilon)
    {
        Tensor[] results;
        using (GradMode.Disable())
            results = Ops.NativeLayerNorm.CallMany(x, new[] { x.Size(-1) }, weight, bias, epsilon);
        using Tensor mean = results[1], rstd = results[2];
        if (!GradMode.Records(x, weight, bias))
            return results[0];

        var (ofX, ofWeight, ofBias) = (new Form(x), new Form(weight), new Form(bias));
        return Tape.Record(results[0], [x, weight, bias], [x, weight, mean, rstd], (node, g, into) =>
        {
            var normal = node[0].Sub(node[2]).Mul(node[3]);
            into[0] = ofX.Cast(LayerNormSlope(g.Mul(node[1]), normal, node[3]));
            into[1] = ofWeight.Of(g.Mul(normal));
            into[2] = ofBias.Of(g);
        });
    }

    // n = (x − mean) · r: dx = r (dn − mean(dn) − n mean(dn n)).
    private static Tensor LayerNormSlope(Tensor g, Tensor normal, Tensor rstd) =>
        g.Sub(g.Mean([-1], keep: true)).Sub(normal.Mul(g.Mul(normal).Mean([-1], keep: true))).Mul(rstd);
}
