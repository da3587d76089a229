using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Distillation.Losses.Rows;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Distillation;

/// <summary>Losses against float64 transformers: definitions and tolerances in tests/golden/distillation/README.md.</summary>
public sealed class LogitLossTests : TorchTest
{
    private readonly GoldenTensors _golden = new(Fixtures.Golden("distillation", "logits.safetensors"));

    private static LogitLoss Loss(string name, double tau) => name switch
    {
        "forward_kl" => new ForwardKl(tau),
        "reverse_kl" => new ReverseKl(tau),
        "jsd_05" => new JensenShannon(0.5, tau),
        "jsd_01" => new JensenShannon(0.1, tau),
        "skew_kl" => new SkewKl(0.1, tau),
        "skew_reverse_kl" => new SkewReverseKl(0.9, tau),
        "mse_prob" => new MseProbabilities(tau),
        "cosine_prob" => new CosineProbabilities(tau),
        "ce_soft" => new SoftCrossEntropy(tau),
        "topk8_tail" => new TopKTail(8, tau),
        "mse_logit" => new MseLogits(),
        "cosine_logit" => new CosineLogits(),
        "ce_hard" => new CrossEntropy(),
        "mix" => MixedLoss.Of((0.7, new ForwardKl(tau)), (0.3, new CrossEntropy()), (2, new JensenShannon(0.2, tau))),
        _ => throw new ArgumentException(name),
    };

    private static readonly string[] s_all =
        ["forward_kl", "reverse_kl", "jsd_05", "jsd_01", "skew_kl", "skew_reverse_kl", "mse_prob", "cosine_prob", "ce_soft", "topk8_tail",
            "mse_logit", "cosine_logit", "ce_hard", "mix"];

    public static TheoryData<string> All() => [.. s_all];

    public static TheoryData<string, double, DType> Cases()
    {
        var cases = new TheoryData<string, double, DType>();
        foreach (var dtype in new[] { DType.Float64, DType.Float32 })
        {
            foreach (var name in new[] { "ce_hard", "jsd_01", "mse_logit", "cosine_logit" })
                cases.Add(name, 1, dtype);
            foreach (var tau in new[] { 0.5, 1, 3 })
                foreach (var name in new[] { "forward_kl", "reverse_kl", "jsd_05", "mse_prob", "cosine_prob", "ce_soft", "topk8_tail" })
                    cases.Add(name, tau, dtype);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Values_and_gradients_are_those_of_the_reference(string name, double tau, DType dtype)
    {
        using var scope = TensorScope.Begin();
        var loss = Loss(name, tau);
        var student = _golden.Tensor64("student").To(dtype);
        var values =
            GoldenTensors.DoublesOf(loss.Compute(student, new DenseChunk(_golden.Tensor64("teacher").To(dtype)), _golden.Ids("labels")));
        var expected = _golden.Doubles($"per_position.{name}.{tau}");
        for (var row = 0; row < expected.Length; row++)
        {
            var relative = dtype == DType.Float64 ? 1e-10 : row is 3 or 4 ? 1e-3 : 1e-4;
            GoldenTensors.AssertClose([expected[row]], [values[row]], dtype == DType.Float64 ? 1e-12 : 1e-5, relative, $"row {row}");
        }

        var mask = _golden.Longs("mask");
        var gradient = _golden.Doubles($"grad.{name}.{tau}");
        var actual = GoldenTensors.DoublesOf(student);
        var width = 257;
        for (var row = 0; row < gradient.Length / width; row++)
            if (mask[row] == 1)
                GoldenTensors.AssertClose(
                    gradient.AsSpan(row * width, width), actual.AsSpan(row * width, width),
                    dtype == DType.Float64 ? 1e-12 : 1e-5, dtype == DType.Float64 ? 1e-9 : 0, $"gradient of row {row}");
    }

    [Theory]
    [InlineData("forward_kl")]
    [InlineData("reverse_kl")]
    [InlineData("jsd_01")]
    [InlineData("skew_kl")]
    [InlineData("skew_reverse_kl")]
    [InlineData("mse_prob")]
    [InlineData("cosine_prob")]
    [InlineData("topk8_tail")]
    [InlineData("mse_logit")]
    [InlineData("cosine_logit")]
    public void A_model_does_not_differ_from_itself(string name)
    {
        using var scope = TensorScope.Begin();
        var logits = _golden.Tensor64("student");
        var loss = Loss(name, 1).Compute(logits, new DenseChunk(logits.Clone()), _golden.Ids("labels"));
        Assert.All(GoldenTensors.DoublesOf(loss), value => Assert.Equal(0, value, 1e-12));
        Assert.All(GoldenTensors.DoublesOf(logits), slope => Assert.Equal(0, slope, 1e-12));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void The_gradient_is_the_finite_difference(string name)
    {
        using var scope = TensorScope.Begin();
        var loss = Loss(name, name is "mse_logit" or "cosine_logit" or "ce_hard" ? 1 : 1.7);
        double[] student = [0.3, -1.2, 0.7, 2.1, -0.4, 0.1, -0.8, 1.4, -2, 0.6, 0.2],
        teacher = [1.1, 0.2, -0.6, 0.5, 0.9, -1.3, 0.4, 0.8, -0.2, 1.7, -0.5];
        var n = student.Length;
        double Value(double[] at) =>
            loss.Compute(Tensor.From<double>(at, 1, n), new DenseChunk(Tensor.From<double>(teacher, 1, n)), Tensor.From<long>([3], 1))
            .ToArray<double>().Zip(loss.Parts, (value, part) => value * part.Weight).Sum();
        var gradient = Tensor.From<double>(student, 1, n);
        _ = loss.Compute(gradient, new DenseChunk(Tensor.From<double>(teacher, 1, n)), Tensor.From<long>([3], 1));
        var analytic = gradient.ToArray<double>();
        for (var i = 0; i < n; i++)
        {
            var (up, down) = ((double[])student.Clone(), (double[])student.Clone());
            up[i] += 1e-5;
            down[i] -= 1e-5;
            Assert.Equal((Value(up) - Value(down)) / 2e-5, analytic[i], 1e-8);
        }
    }

    /// <summary>
    /// With the ends of their parameters, which the classes refuse, skew losses and Jensen-Shannon would be the KLs; near them they nearly
    /// are.
    /// </summary>
    [Fact]
    public void Skew_losses_go_over_into_the_kls()
    {
        using var scope = TensorScope.Begin();
        double Of(LogitLoss loss) =>
            loss.Compute(_golden.Tensor64("student").Slice(0, 9, 40), new DenseChunk(_golden.Tensor64("teacher").Slice(0, 9, 40)),
                _golden.Ids("labels")).Sum().Item();
        Assert.Equal(Of(new ForwardKl()), Of(new SkewKl(1e-9)), 1e-4);
        Assert.Equal(Of(new ReverseKl()), Of(new SkewReverseKl(1 - 1e-9)), 1e-4);
        Assert.Equal(Of(new ForwardKl()), Of(new JensenShannon(1e-9)) / 1e-9, 1e-2);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    public void Temperatures_that_mean_nothing_are_refused(double tau)
    {
        foreach (var name in s_all.Except(["mse_logit", "cosine_logit", "ce_hard"]))
            Assert.Contains("must be above 0", Assert.Throws<EspalierException>(() => Loss(name, tau)).Message);
    }

    [Fact]
    public void Parameters_and_weights_that_mean_nothing_are_refused()
    {
        Assert.Contains("beta is 1", Assert.Throws<EspalierException>(() => new JensenShannon(1)).Message);
        Assert.Contains("alpha is 0", Assert.Throws<EspalierException>(() => new SkewKl(0)).Message);
        Assert.Contains("k is 0", Assert.Throws<EspalierException>(() => new TopKTail(0)).Message);
        Assert.Contains("weight of forward-kl is 0", Assert.Throws<EspalierException>(() => MixedLoss.Of((0, new ForwardKl()))).Message);
        Assert.Contains("twice", Assert.Throws<EspalierException>(() => MixedLoss.Of((1, new ForwardKl()), (2, new ForwardKl(2)))).Message);
    }

    [Fact]
    public void A_mix_is_the_weighted_sum_and_reports_its_parts()
    {
        using var scope = TensorScope.Begin();
        (double[] Values, double[] Gradient) Of(LogitLoss loss)
        {
            var student = _golden.Tensor64("student");
            var values = loss.Compute(student, new DenseChunk(_golden.Tensor64("teacher")), _golden.Ids("labels"));
            return (GoldenTensors.DoublesOf(values), GoldenTensors.DoublesOf(student));
        }
        var (kl, ce, mix) =
            (Of(new ForwardKl(2)), Of(new CrossEntropy()), Of(MixedLoss.Of((4, new ForwardKl(2)), (0.5, new CrossEntropy()))));
        GoldenTensors.AssertClose([.. kl.Values, .. ce.Values], mix.Values, 0, 1e-15, "parts");
        GoldenTensors.AssertClose([.. kl.Gradient.Zip(ce.Gradient, (a, b) => 4 * a + 0.5 * b)], mix.Gradient, 1e-15, 1e-13, "gradient");
        Assert.IsType<ForwardKl>(MixedLoss.Of((1, new ForwardKl())));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Chunked_equals_whole(string name)
    {
        using var scope = TensorScope.Begin();
        var loss = Loss(name, 1);
        var (hidden, head, teacherHidden, teacherHead) = (Random(1, 37, 8), Random(2, 19, 8), Random(3, 37, 12), Random(4, 19, 12));
        var targets = Tensor.From<long>([.. Enumerable.Range(0, 37).Select(i => (long)(i % 19))], 37);

        var logits = hidden.Linear(head);
        var sum = loss.Compute(logits, new DenseChunk(teacherHidden.Linear(teacherHead)), targets).View(-1, 37).Sum([-1])
            .ToArray<double>().Zip(loss.Parts, (value, part) => value * part.Weight).Sum();

        head.RequiresGrad = true;
        var result =
            loss.Backward(new(head), hidden, targets, loss.NeedsTeacher ? new DenseDistributions(teacherHidden, new(teacherHead))
                : null, 0.25, chunk: 5);
        Assert.Equal(sum, result.Sum, 1e-12);
        using var noGrad = GradMode.Disable();
        GoldenTensors.AssertClose(logits.MatMul(head).Mul(0.25).ToArray<double>(), result.HiddenGradient.ToArray<double>(), 1e-14, 1e-12,
            "hidden gradient");
        GoldenTensors.AssertClose(
            logits.Transpose(0, 1).MatMul(hidden).Mul(0.25).ToArray<double>(), head.Grad()!.ToArray<double>(), 1e-14, 1e-12,
            "head gradient");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_chunked_head_equals_plain_autograd(bool kl)
    {
        using var scope = TensorScope.Begin();
        LogitLoss loss = kl ? new ForwardKl() : new CrossEntropy();
        var (hidden, head, teacherHidden, teacherHead) = (Random(1, 37, 8), Random(2, 19, 8), Random(3, 37, 12), Random(4, 19, 12));
        var targets = Tensor.From<long>([.. Enumerable.Range(0, 37).Select(i => (long)(i % 19))], 37);

        var (h, w) = (hidden.Clone(), head.Clone());
        h.RequiresGrad = true;
        w.RequiresGrad = true;
        var logQ = h.Linear(w).LogSoftmax(-1);
        var logP = teacherHidden.Linear(teacherHead).LogSoftmax(-1);
        var plain = kl ? logP.Exp().Mul(logP.Sub(logQ)).Sum() : logQ.Gather(-1, targets.Unsqueeze(-1)).Sum().Neg();
        plain.Mul(0.25).Backward();

        head.RequiresGrad = true;
        var result = loss.Backward(new(head), hidden, targets, new DenseDistributions(teacherHidden, new(teacherHead)), 0.25, chunk: 5);
        Assert.Equal(plain.Item(), result.Sum, 1e-12);
        GoldenTensors.AssertClose(h.Grad()!.ToArray<double>(), result.HiddenGradient.ToArray<double>(), 1e-14, 1e-12, "hidden gradient");
        GoldenTensors.AssertClose(w.Grad()!.ToArray<double>(), head.Grad()!.ToArray<double>(), 1e-14, 1e-12, "head gradient");
    }

    /// <summary>What only one of two vocabularies has is padding: as if its logits were −∞, and no gradient reaches its rows.</summary>
    [Theory]
    [InlineData(19, 24)]
    [InlineData(24, 19)]
    public void Padding_of_either_vocabulary_gets_no_probability(int studentEntries, int teacherEntries)
    {
        using var scope = TensorScope.Begin();
        var (hidden, head, teacherHidden, teacherHead) =
            (Random(1, 7, 8), Random(2, studentEntries, 8), Random(3, 7, 12), Random(4, teacherEntries, 12));
        var targets = Tensor.From<long>([0, 1, 2, 3, 4, 5, 18], 7);
        var padded = new ForwardKl().Backward(new(head), hidden, targets, new DenseDistributions(teacherHidden, new(teacherHead)), 1);
        var cut = new ForwardKl().Backward(new(head.Slice(0, 0, 19)), hidden, targets,
            new DenseDistributions(teacherHidden, new(teacherHead.Slice(0, 0, 19))), 1);
        Assert.Equal(cut.Sum, padded.Sum, 1e-12);
        GoldenTensors.AssertClose(cut.HiddenGradient.ToArray<double>(), padded.HiddenGradient.ToArray<double>(), 1e-14, 1e-12,
            "hidden gradient");

        head.RequiresGrad = true;
        _ = new ForwardKl().Backward(new(head), hidden, targets, new DenseDistributions(teacherHidden, new(teacherHead)), 1);
        Assert.All(head.Grad()!.Slice(0, 19, studentEntries).Clone().ToArray<double>(), slope => Assert.Equal(0, slope));
    }

    private static Tensor Random(int seed, params long[] shape)
    {
        var random = new Random(seed);
        return Tensor.From<double>([.. Enumerable.Range(0, (int)shape.Aggregate((a, b) => a * b)).Select(_ => random.NextDouble() - 0.5)],
            shape);
    }

    // A teacher's logits are made of fewer positions at once than the student's.
    [Theory]
    [MemberData(nameof(All))]
    public void A_chunk_in_parts_has_the_bits_of_the_whole(string name)
    {
        using var scope = TensorScope.Begin();
        const int N = 300, D = 32, V = 15_000;
        var (hidden_ND, head_VD) = (Wave(1, N, D), Wave(2, V, D));
        var (teacher_NE, teacherHead_VE) = (Wave(3, N, D + 16), Wave(4, V, D + 16));
        var targets_N = Tensor.From<long>([.. Enumerable.Range(0, N).Select(i => 7L * i % V)], N);
        var loss = Loss(name, 1.5);
        Assert.NotEqual(1, new LmHead(teacherHead_VE).PartsOf(teacher_NE, N));
        head_VD.RequiresGrad = true;

        HeadResult Of(LogitLoss which) => which.Backward(
            new(head_VD), hidden_ND, targets_N, new DenseDistributions(teacher_NE, new(teacherHead_VE)), 1.0 / N, chunk: N);
        var whole = Of(new Anothers(loss));
        var gradient = head_VD.Grad()!.ToArray<float>();
        head_VD.SetGrad(null);
        var parts = Of(loss);

        Assert.Equal(whole.Parts, parts.Parts);
        Assert.Equal(whole.HiddenGradient.ToArray<float>(), parts.HiddenGradient.ToArray<float>());
        Assert.Equal(gradient, head_VD.Grad()!.ToArray<float>());
    }

    [Fact]
    public void The_memory_of_a_heads_logits_grows_with_a_chunk_that_has_more_positions()
    {
        using var scope = TensorScope.Begin();
        var (hidden_ND, head) = (Wave(1, 90, 32), new LmHead(Wave(2, 50, 32)));
        Tensor? room_CV = null;
        foreach (var positions in new[] { 85, 86, 40, 90 })
        {
            var chunk_CD = hidden_ND.Slice(0, 0, positions);
            Assert.Equal(head.TrainingLogits(chunk_CD).ToArray<float>(), head.TrainingLogits(chunk_CD, ref room_CV).ToArray<float>());
            Assert.InRange(room_CV!.Size(0), positions, 90);
        }
        ProductOperators.LetRoomGo(room_CV!);
    }

    private static Tensor Wave(int seed, params ReadOnlySpan<long> sizes) => Tensor.From<float>(
        [.. Enumerable.Range(0, (int)(sizes[0] * sizes[1])).Select(i => MathF.Sin(i * 0.7f + seed))], sizes);

    // Of which nobody knows what it does with a chunk: it gets them whole.
    private sealed class Anothers(LogitLoss loss) : LogitLoss
    {
        public override string Name => loss.Name;

        public override bool NeedsTeacher => loss.NeedsTeacher;

        public override bool TakesBfloat16 => loss.TakesBfloat16;

        public override IReadOnlyList<LossPart> Parts => loss.Parts;

        public override Tensor Compute(Tensor student_CV, DistributionChunk? teacher, Tensor targets_C) =>
            loss.Compute(student_CV, teacher, targets_C);
    }
}
