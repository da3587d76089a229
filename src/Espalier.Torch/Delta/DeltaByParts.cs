using Espalier.Torch.Gradients;
using Espalier.Torch.Mamba.Scan;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Delta;

// Shapes: B batch, T time, M value heads, P channels of one, G key heads, S channels of one.

/// <summary>The gated delta rule out of libtorch's operators, token by token as it is defined: any type and device.</summary>
internal static class DeltaByParts
{
    /// <summary>What <see cref="DeltaOperators.DeltaScan"/> says.</summary>
    public static Tensor Run(in DeltaInputs of, ScanSizes sizes, Tensor? state)
    {
        var (B, T, M, G) = (of.Values.Size(0), of.Values.Size(1), (long)sizes.Heads, (long)sizes.Groups);
        var (P, S) = ((long)sizes.HeadDim, (long)sizes.StateSize);
        Tensor OfHeads(Tensor x_BTGS) => OneLong(x_BTGS.Reshape(B, T, G, S)).Unsqueeze(3).Expand(B, T, G, M / G, S).Reshape(B, T, M, S);
        Tensor q_BTMS = OfHeads(of.Queries).Mul(1 / Math.Sqrt(S)), k_BTMS = OfHeads(of.Keys), v_BTMP = of.Values.Reshape(B, T, M, P);
        var beta_BTM = of.Strengths.Mul(0.5).Tanh().Add(1).Mul(0.5);
        var decay_BTM = ScanByParts.Steps(of.Steps.Add(of.StepBias), sizes).Mul(of.LogDecay.Exp().Neg()).Exp();
        if (of.Begins is { } begins)
        {
            Tensor isFirst;
            using (GradMode.Disable())
                isFirst = Tensor.Arange(T, DType.Float64).On(of.Values.Device).Sub(begins.On(of.Values.Device).To(DType.Float64))
                    .LessOrEqual(0).Unsqueeze(2);
            decay_BTM = decay_BTM.MaskedFill(isFirst, 0);
        }
        var parts = new List<Tensor>();
        var h_BMSP = state ?? Tensor.Zeros(of.Values.DType, of.Values.Device, B, M, S, P);
        for (var t = 0L; t < T; t++)
        {
            Tensor At(Tensor x) => x.Select(1, t);
            Tensor k_BM1S = At(k_BTMS).Unsqueeze(2), q_BM1S = At(q_BTMS).Unsqueeze(2), v_BM1P = At(v_BTMP).Unsqueeze(2);
            h_BMSP = h_BMSP.Mul(At(decay_BTM).Unsqueeze(2).Unsqueeze(3));
            var u_BM1P = v_BM1P.Sub(k_BM1S.MatMul(h_BMSP)).Mul(At(beta_BTM).Unsqueeze(2).Unsqueeze(3));
            h_BMSP = h_BMSP.Add(k_BM1S.Transpose(2, 3).MatMul(u_BM1P));
            parts.Add(q_BM1S.MatMul(h_BMSP));
        }
        if (state is not null && T > 0)
            state.CopyInPlace(h_BMSP);
        return parts.Count == 0 ? of.Values : Tensor.Cat(2, [.. parts]).Transpose(1, 2).Reshape(B, T, sizes.Inner);
    }

    private static Tensor OneLong(Tensor x) =>
        x.Mul(x.Square().Sum([-1], keep: true).Add(DeltaOperators.LengthEpsilon).Rsqrt());
}
