using Espalier.Torch.Gradients;

namespace Espalier.Torch;

public sealed partial class Tensor
{
    /// <summary>
    /// Layer norm (arXiv 1607.06450) over the last dimension D: (this − mean) / √(variance + ε) · weight + bias; weight and bias are [D].
    /// </summary>
    public Tensor LayerNorm(Tensor weight, Tensor bias, double epsilon)
    {
        Tensor[] results;
        using (GradMode.Disable())
            results = Ops.NativeLayerNorm.CallMany(this, new[] { Size(-1) }, weight, bias, epsilon);
        using Tensor mean = results[1], rstd = results[2];
        if (!Tape.Wants(this, weight, bias))
            return results[0];

        var (x, w, b) = (new Form(this), new Form(weight), new Form(bias));
        return Tape.Record(results[0], [this, weight, bias], [this, weight, mean, rstd], (node, g, into) =>
        {
            var normal = node[0].Sub(node[2]).Mul(node[3]);
            into[0] = x.Cast(LayerNormSlope(g.Mul(node[1]), normal, node[3]));
            into[1] = w.Of(g.Mul(normal));
            into[2] = b.Of(g);
        });
    }

    // n = (x − mean) · r: dx = r (dn − mean(dn) − n mean(dn n)).
    private static Tensor LayerNormSlope(Tensor g, Tensor normal, Tensor rstd) =>
        g.Sub(g.Mean([-1], keep: true)).Sub(normal.Mul(g.Mul(normal).Mean([-1], keep: true))).Mul(rstd);
}
