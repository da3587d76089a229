using Espalier.Torch.Dispatch;

namespace Espalier.Benchmarks;

/// <summary>
/// Each kernel against the same out of libtorch's operators: parity first, then A, B, A, B, ...; medians of wall time and processor time,
/// and of the pairs' ratios.
/// </summary>
internal static partial class KernelsBenchmark
{
    private const double Tolerance = 1e-4;

    private static readonly Op s_flash = new(
        "aten::_scaled_dot_product_flash_attention_for_cpu(Tensor query, Tensor key, Tensor value, float dropout_p=0.0, bool "
            + "is_causal=False, *, "
        + "Tensor? attn_mask=None, float? scale=None) -> (Tensor output, Tensor logsumexp)");

    private static readonly Op s_flashBackward = new(
        "aten::_scaled_dot_product_flash_attention_for_cpu_backward(Tensor grad_out, Tensor query, Tensor key, Tensor value, Tensor out, "
        + "Tensor logsumexp, float dropout_p, bool is_causal, *, Tensor? attn_mask=None, float? scale=None) -> (Tensor, Tensor, Tensor)");

    private sealed record Case(string Name, Func<Tensor> Kernel, Func<Tensor> Twin);

    private const long B = 8, T = 256, N = 8, K = 4, H = 32, D = 256, F = 768, V = 8192;

    /// <summary>Kernel against twin; the subject is a kernel's name, or "all".</summary>
    public static IEnumerable<Row> Run(CaseInput input)
    {
        TorchRuntime.Start(input.Threads);
        using var scope = TensorScope.Begin();
        var cases = Cases();
        if (input.Subject != "all")
            cases = [cases.FirstOrDefault(one => one.Name == input.Subject)
                ?? throw new NotMeasuredException(
                    $"no kernel {input.Subject}; there are {string.Join(", ", cases.Select(one => one.Name))}")];
        return [.. cases.Select(one => Compare(one, input))];
    }

    /// <summary>A small piece of work with a kernel, forward and back, for counting instructions.</summary>
    public static Func<Tensor> Small(string name)
    {
        var (x, weight) = (Values(1, 64, 192), Values(192));
        var (q, k, v) = (Values(1, 64, 4, 32), Values(1, 64, 2, 32), Values(1, 64, 2, 32));
        var (student, teacher) = (Values(32, 4096), Values(32, 4096));
        var state = Array.ConvertAll(new[] { 1.0, 1e-3, 1e-3, 1e-6 }, scale => Values(1 << 16).Abs().Mul(scale));
        return name switch
        {
            "norm" => () => Back(a => a[0].RmsNorm(a[1], 1e-5), x, weight),
            "attention" => () => Back(a => a[0].CausalAttention(a[1], a[2], 0.2, null), q, k, v),
            "divergence" => () => Divergence(student, teacher, kernel: true),
            "adamw" => () =>
            {
                state[0].AdamWInPlace(state[1], state[2], state[3], new(1e-7, 0.9, 0.95, 1e-8, 0.1, 1, 10));
                return state[0];
            }
            ,
            _ => throw new ArgumentException($"no workload {name}"),
        };
    }

    // Shapes of a small decoder: B samples of T positions, N heads of width H over K key heads, widths D and F, vocabulary V.
    private static Case[] Cases()
    {
        var (x, weight, bias) = (Values(B, T, D), Values(D), Values(D));
        var (q, k, v) = (Values(B, T, N, H), Values(B, T, K, H), Values(B, T, K, H));
        var (cos, sin) = (Values(T, 1, H / 2), Values(T, 1, H / 2));
        var (gate, up) = (Values(B * T, F), Values(B * T, F));
        var (logits, targets) = (Values(512, V), Tensor.Arange(512, DType.Int64));
        var other = Values(512, V).Mul(2);
        var state = Array.ConvertAll(new[] { 1.0, 1e-3, 1e-3, 1e-6 }, scale => Values(1 << 21).Abs().Mul(scale));
        Tensor Update(bool kernel)
        {
            var step = new AdamWStep(1e-7, 0.9, 0.95, 1e-8, 0.1, 1, 10);
            var (w, g, m, v) = (state[0], state[1], state[2], state[3]);
            _ = kernel ? w.AdamWInPlace(g, m, v, step) : w.AdamWInPlaceByParts(g, m, v, step);
            return w;
        }
        Case RowLoss(string name, RowLoss loss)
        {
            Tensor Of(bool kernel)
            {
                var s = logits.Clone();
                return (kernel ? s.RowLossInPlace(other, loss) : s.RowLossInPlaceByParts(other, loss)).Add(s.Sum([-1]));
            }
            return new(name, () => Of(kernel: true), () => Of(kernel: false));
        }
        var (top, ids) = other.LogSoftmax(-1).TopK(32);
        var (share, tail) = (top.Exp(), Tensor.Full(-0.01, DType.Float32, 512));
        Tensor Sparse(bool hasTail, bool kernel)
        {
            var s = logits.Clone();
            var (last, entropy) = hasTail ? (tail, (Tensor?)null) : (null, tail);
            return (kernel ? s.SparseKlInPlace(ids, share, last, entropy, 1)
                : s.SparseKlInPlaceByParts(ids, share, last, entropy, 1)).Add(s.Sum([-1]));
        }
        var mask = Tensor.Full(double.NegativeInfinity, DType.Float32, T, T).Triu(1);
        var scale = 1 / Math.Sqrt(H);
        var sizes = new ScanSizes((int)N, (int)H, 1, 64);
        Tensor[] scanned = [Values(B, T, sizes.Inner), Values(B, T, sizes.Shared), Values(B, T, sizes.Shared), Values(B, T, N), Values(N),
            Values(N), Values(N)];
        Tensor[] convolved = [scanned[0], Values(sizes.Inner, 4), Values(sizes.Inner)];
        Tensor Scan(Tensor[] v, bool kernel)
        {
            var of = new ScanInputs(v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
            return kernel ? ScanOperators.SelectiveScan(of, sizes) : ScanByParts.Run(of, sizes, null);
        }
        var rule = new ScanSizes((int)N, (int)H, (int)K, (int)H);
        Tensor[] ruled = [Values(B, T, rule.Shared), Values(B, T, rule.Shared), Values(B, T, rule.Inner), Values(B, T, N), Values(B, T, N),
            Values(N), Values(N)];
        Tensor Delta(Tensor[] v, bool kernel)
        {
            var of = new DeltaInputs(v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
            return kernel ? DeltaOperators.DeltaScan(of, rule) : DeltaByParts.Run(of, rule, null);
        }
        return
        [
            new("rms-norm", () => x.RmsNorm(weight, 1e-5), () => x.RmsNormByParts(weight, 1e-5)),
            new("rms-norm-backward", () => Back(v => v[0].RmsNorm(v[1], 1e-5), x, weight),
                () => Back(v => v[0].RmsNormByParts(v[1], 1e-5), x, weight)),
            new("layer-norm-backward", () => Back(v => v[0].LayerNorm1p(v[1], v[2], 1e-5), x, weight, bias),
                () => Back(v => v[0].LayerNorm1pByParts(v[1], v[2], 1e-5), x, weight, bias)),
            new("rotate", () => q.Rotate(cos, sin), () => q.RotateByParts(cos, sin)),
            new("rotate-backward", () => Back(v => v[0].Rotate(cos, sin), q), () => Back(v => v[0].RotateByParts(cos, sin), q)),
            new("silu-mul", () => gate.SiluMul(up), () => gate.SiluMulByParts(up)),
            new("silu-mul-backward", () => Back(v => v[0].SiluMul(v[1]), gate, up), () => Back(v => v[0].SiluMulByParts(v[1]), gate, up)),
            new("gelu-mul", () => gate.GeluMul(up), () => gate.GeluMulByParts(up)),
            new("gelu-mul-backward", () => Back(v => v[0].GeluMul(v[1]), gate, up), () => Back(v => v[0].GeluMulByParts(v[1]), gate, up)),
            new("squared-relu-backward", () => Back(v => v[0].SquaredRelu(), gate), () => Back(v => v[0].SquaredReluByParts(), gate)),
            new("attention", () => q.CausalAttention(k, v, scale, null), () => Attention(q, k, v, mask, scale)),
            new("attention-backward", () => Back(a => a[0].CausalAttention(a[1], a[2], scale, null), q, k, v),
                () => Back(a => Attention(a[0], a[1], a[2], mask, scale), q, k, v)),
            new("attention-of-libtorch", () => q.CausalAttention(q, q, scale, null), () => Flash(q, q, q, scale)[0].Transpose(1, 2)),
            new("attention-of-libtorch-backward", () => Back(a => a[0].CausalAttention(a[1], a[2], scale, null), q, q, q),
                () => FlashBack(q, scale)),
            new("scan", () => Scan(scanned, kernel: true), () => Scan(scanned, kernel: false)),
            new("scan-backward", () => Back(v => Scan(v, kernel: true), scanned), () => Back(v => Scan(v, kernel: false), scanned)),
            new("delta", () => Delta(ruled, kernel: true), () => Delta(ruled, kernel: false)),
            new("delta-backward", () => Back(v => Delta(v, kernel: true), ruled), () => Back(v => Delta(v, kernel: false), ruled)),
            new("convolution", () => convolved[0].CausalConvolution(convolved[1], convolved[2]),
                () => convolved[0].CausalConvolutionByParts(convolved[1], convolved[2])),
            new("convolution-backward", () => Back(v => v[0].CausalConvolution(v[1], v[2]), convolved),
                () => Back(v => v[0].CausalConvolutionByParts(v[1], v[2]), convolved)),
            new("gated-norm-backward", () => Back(v => v[0].GatedNorm(v[1], v[2], 1, 1e-5), convolved[0], convolved[0], convolved[2]),
                () => Back(v => v[0].GatedNormByParts(v[1], v[2], 1, 1e-5), convolved[0], convolved[0], convolved[2])),
            new("token-nll", () => logits.TokenNll(targets), () => logits.TokenNllByParts(targets)),
            new("forward-kl", () => Divergence(logits, other, kernel: true), () => Divergence(logits, other, kernel: false)),
            RowLoss("reverse-kl", new RowLoss<ReverseKlRow>()),
            RowLoss("jensen-shannon", new RowLoss<MixtureRow>(1, 0.5, 0.5, 0.5)),
            RowLoss("skew-kl", new RowLoss<MixtureRow>(1, 0.1, 1, 0)),
            RowLoss("mse-probabilities", new RowLoss<SquaredProbabilitiesRow>()),
            RowLoss("cosine-probabilities", new RowLoss<CosineProbabilitiesRow>()),
            RowLoss("mse-logits", new RowLoss<SquaredLogitsRow>()),
            RowLoss("cosine-logits", new RowLoss<CosineLogitsRow>()),
            new("sparse-kl-tail", () => Sparse(true, kernel: true), () => Sparse(true, kernel: false)),
            new("sparse-kl-drawn", () => Sparse(false, kernel: true), () => Sparse(false, kernel: false)),
            new("cross-entropy", () => CrossEntropy(logits, targets, kernel: true), () => CrossEntropy(logits, targets, kernel: false)),
            new("adamw", () => Update(kernel: true), () => Update(kernel: false)),
            new("sum-of-squares", () => Tensor.Full(logits.SumOfSquares() / logits.ElementCount, DType.Float64),
                () => logits.To(DType.Float64).Square().Mean()),
            new("unit-sums", () => x.UnitSums(), () => x.UnitSumsByParts()),
            new("row-norms", () => q.RowNorms(), () => q.RowNormsByParts()),
            new("row-cosines", () => x.RowCosines(x), () => x.RowCosinesByParts(x)),
        ];
    }

    private static Row Compare(Case one, CaseInput input)
    {
        double apart;
        using (TensorScope.Begin())
            apart = one.Kernel().To(DType.Float64).Sub(one.Twin().To(DType.Float64)).Abs().ToArray<double>().Max();
        if (!(apart <= Tolerance))
            throw new InvalidOperationException($"{one.Name}: kernel and twin differ by {apart}");
        void Kernel() => one.Kernel();
        void Twin() => one.Twin();
        var calls = Calls(Twin);
        return Pairs.Measure(input.Pairs, 2, () => Measure(Kernel, calls), () => Measure(Twin, calls))
            .OtherOverOwn(input with { Subject = one.Name }, "out of libtorch's operators / kernel", null);
    }

    // As many calls as take some 20 ms.
    private static int Calls(Action work)
    {
        var calls = 1;
        while (Measure(work, calls).Wall * calls < 0.02)
            calls *= 2;
        return calls;
    }

    private static Cost Measure(Action work, int calls) => Cost.Of(() =>
    {
        for (var call = 0; call < calls; call++)
        {
            using var scope = TensorScope.Begin();
            work();
        }
    }) / calls;

    // libtorch's own attention in tiles, for as many key heads as query heads.
    private static Tensor[] Flash(Tensor q_BTNH, Tensor k_BTNH, Tensor v_BTNH, double scale) => s_flash.CallMany(
        q_BTNH.Transpose(1, 2), k_BTNH.Transpose(1, 2), v_BTNH.Transpose(1, 2), 0.0, true, Argument.None, scale);

    private static Tensor FlashBack(Tensor x_BTNH, double scale)
    {
        var y = Flash(x_BTNH, x_BTNH, x_BTNH, scale);
        var x = x_BTNH.Transpose(1, 2);
        return s_flashBackward.CallMany(y[0], x, x, x, y[0], y[1], 0.0, true, Argument.None, scale)[0].Transpose(1, 2);
    }

    // Losses overwrite their logits, so that both sides work on a copy.
    private static Tensor Divergence(Tensor student, Tensor teacher, bool kernel)
    {
        var (s, t) = (student.Clone(), teacher.Clone());
        var losses = kernel ? s.DivergenceInPlace(t, 1) : s.DivergenceInPlaceByParts(t, 1);
        return losses.Add(s.Sum([-1]));
    }

    private static Tensor CrossEntropy(Tensor student, Tensor targets, bool kernel)
    {
        var s = student.Clone();
        var losses = kernel ? s.CrossEntropyInPlace(targets) : s.CrossEntropyInPlaceByParts(targets);
        return losses.Add(s.Sum([-1]));
    }

    // Forward and back with ones; the gradient of the first.
    private static Tensor Back(Func<Tensor[], Tensor> forward, params Tensor[] inputs)
    {
        var leaves = Array.ConvertAll(inputs, input => input.Detach());
        foreach (var leaf in leaves)
            leaf.RequiresGrad = true;
        var y = forward(leaves);
        y.Backward(y.Detach());
        return leaves[0].Grad()!;
    }

    // As a decoder does without a kernel: the query heads of a group stacked along the rows.
    private static Tensor Attention(Tensor q_BTNH, Tensor k_BTKH, Tensor v_BTKH, Tensor mask_TT, double scale)
    {
        var (B, T, N, H, K) = (q_BTNH.Size(0), q_BTNH.Size(1), q_BTNH.Size(2), q_BTNH.Size(3), k_BTKH.Size(2));
        var q = q_BTNH.Mul(scale).View(B, T, K, N / K, H).Permute(0, 2, 3, 1, 4).Reshape(B, K, N / K * T, H);
        var scores = q.MatMul(k_BTKH.Permute(0, 2, 3, 1)).View(B, K, N / K, T, T).Add(mask_TT);
        var y = scores.Softmax(-1).View(B, K, N / K * T, T).MatMul(v_BTKH.Transpose(1, 2));
        return y.View(B, K, N / K, T, H).Permute(0, 3, 1, 2, 4).Reshape(B, T, N, H);
    }

    private static Tensor Values(params long[] shape)
    {
        var random = new Random(1);
        return Tensor.From<float>([.. Enumerable.Range(0, (int)shape.Aggregate((a, b) => a * b)).Select(_ => random.NextSingle() - 0.5f)],
            shape);
    }
}
