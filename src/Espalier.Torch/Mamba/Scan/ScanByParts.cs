using Espalier.Torch.Gradients;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Mamba.Scan;

// Shapes: B batch, T time, M heads, P channels of a head, G groups, S numbers of state of a channel, C tokens of a chunk.

/// <summary>The selective scan out of libtorch's operators, chunk by chunk (arXiv 2405.21060, section 6): any type and device.</summary>
internal static class ScanByParts
{
    private const long Chunk = 64;

    // Above it softplus is its argument, as the reference has it.
    private const double Straight = 20;

    /// <summary>What <see cref="ScanOperators.SelectiveScan"/> says.</summary>
    public static Tensor Run(in ScanInputs of, ScanSizes sizes, Tensor? state)
    {
        var (B, T, M, G) = (of.X.Size(0), of.X.Size(1), (long)sizes.Heads, (long)sizes.Groups);
        var dt_BTM = Steps(of.Steps.Add(of.StepBias), sizes);
        var logs_BTM = dt_BTM.Mul(of.LogDecay.Exp().Neg());
        var x_BTMP = of.X.Reshape(B, T, M, sizes.HeadDim);
        var u_BTMP = x_BTMP.Mul(dt_BTM.Unsqueeze(3));
        Tensor b_BTGS = of.In.Reshape(B, T, G, sizes.StateSize), c_BTGS = of.Out.Reshape(B, T, G, sizes.StateSize);
        var begins = of.Begins?.On(of.X.Device).To(DType.Float64);
        var parts = new List<Tensor>();
        var h_BMSP = state;
        for (var start = 0L; start < T; start += Chunk)
        {
            var end = Math.Min(T, start + Chunk);
            Tensor Of(Tensor x) => x.Slice(1, start, end).Transpose(1, 2);
            Tensor OfHeads(Tensor x_BGCS) =>
                x_BGCS.Unsqueeze(2).Expand(B, G, M / G, end - start, x_BGCS.Size(-1)).Reshape(B, M, end - start, x_BGCS.Size(-1));
            var seen = new Seen(begins, start, end, of.X.Device);
            Tensor sums_BMC = Of(logs_BTM).CumSum(-1), last_BM1 = sums_BMC.Slice(2, end - start - 1, end - start);
            Tensor u_BMCP = Of(u_BTMP), b_BGCS = Of(b_BTGS), c_BGCS = Of(c_BTGS);
            var weights_BMCC = OfHeads(c_BGCS.MatMul(b_BGCS.Transpose(2, 3)))
                .Mul(seen.Among(sums_BMC.Unsqueeze(3).Sub(sums_BMC.Unsqueeze(2))));
            var y_BMCP = weights_BMCC.MatMul(u_BMCP);
            var written_BMSP = OfHeads(b_BGCS).Mul(seen.ToEnd(last_BM1.Sub(sums_BMC)).Unsqueeze(3)).Transpose(2, 3).MatMul(u_BMCP);
            if (h_BMSP is not null)
            {
                y_BMCP = y_BMCP.Add(OfHeads(c_BGCS).MatMul(h_BMSP).Mul(seen.FromBefore(sums_BMC).Unsqueeze(3)));
                written_BMSP = written_BMSP.Add(h_BMSP.Mul(seen.Whole(last_BM1).Unsqueeze(3)));
            }
            h_BMSP = written_BMSP;
            parts.Add(y_BMCP.Transpose(1, 2));
        }
        if (state is not null && T > 0)
            state.CopyInPlace(h_BMSP!);
        var skipped = x_BTMP.Mul(of.Skip.Unsqueeze(1));
        return (parts.Count == 0 ? skipped : skipped.Add(Tensor.Cat(1, [.. parts]))).Reshape(B, T, sizes.Inner);
    }

    /// <summary>Softplus of what is raw, between the bounds.</summary>
    public static Tensor Steps(Tensor v, ScanSizes sizes)
    {
        Tensor isStraight, isBent;
        using (GradMode.Disable())
            (isStraight, isBent) = (v.Neg().Less(-Straight), v.LessOrEqual(Straight));
        var dt = v.LogAddExp(Tensor.Zeros(v.DType, v.Device, 1)).MaskedFill(isStraight, 0).Add(v.MaskedFill(isBent, 0));
        if (sizes.LowestStep > 0)
            dt = dt.MaskedFill(dt.Detach().Less(sizes.LowestStep), sizes.LowestStep);
        return double.IsPositiveInfinity(sizes.HighestStep) ? dt
            : dt.MaskedFill(dt.Detach().Neg().Less(-sizes.HighestStep), sizes.HighestStep);
    }

    /// <summary>Which tokens of a chunk have something of which.</summary>
    private readonly struct Seen
    {
        private readonly Tensor _future;
        private readonly Tensor? _others, _outside, _isNew, _ends;

        public Seen(Tensor? begins, long start, long end, Device device)
        {
            using var noGrad = GradMode.Disable();
            var C = end - start;
            _future = Tensor.Full(-1, DType.Float64, device, C, C).Triu(1).Less(0);
            if (begins is null)
                return;
            var positions = Tensor.Arange(C, DType.Float64).On(device).Add(start);
            var of = begins.Slice(1, start, end);
            var last = of.Slice(1, C - 1, C);
            _others = positions.Sub(of.Unsqueeze(2)).Less(0).Unsqueeze(1);
            _outside = positions.Sub(last).Less(0).Unsqueeze(1);
            _isNew = of.Neg().LessOrEqual(-start).Unsqueeze(1);
            _ends = last.Neg().LessOrEqual(-start).Unsqueeze(1);
        }

        public Tensor Among(Tensor logs_BMCC) => Hidden(logs_BMCC.MaskedFill(_future, double.NegativeInfinity), _others);

        public Tensor ToEnd(Tensor logs_BMC) => Hidden(logs_BMC, _outside);

        public Tensor FromBefore(Tensor logs_BMC) => Hidden(logs_BMC, _isNew);

        public Tensor Whole(Tensor logs_BM1) => Hidden(logs_BM1, _ends);

        private static Tensor Hidden(Tensor logs, Tensor? mask) =>
            (mask is null ? logs : logs.MaskedFill(mask, double.NegativeInfinity)).Exp();
    }
}
