using Espalier.Compression.Distillation;
using Espalier.Tests;
using Espalier.Torch;

namespace Espalier.Compression.Tests.Distillation;

/// <summary>Losses against float64 transformers: definitions and tolerances in tests/golden/distillation/README.md.</summary>
public sealed class LogitLossTests : TorchTest
{
    private readonly GoldenTensors _golden = new(Fixtures.Golden("distillation", "logits.safetensors"));

    public static TheoryData<string, double, DType> Cases()
    {
        var cases = new TheoryData<string, double, DType>();
        foreach (var dtype in new[] { DType.Float64, DType.Float32 })
        {
            cases.Add("ce_hard", 1, dtype);
            foreach (var tau in new[] { 0.5, 1, 3 })
                cases.Add("forward_kl", tau, dtype);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Values_and_gradients_are_those_of_the_reference(string name, double tau, DType dtype)
    {
        using var scope = TensorScope.Begin();
        LogitLoss loss = name == "ce_hard" ? new CrossEntropy() : new ForwardKl(tau);
        var student = _golden.Tensor64("student").To(dtype);
        var values = GoldenTensors.DoublesOf(loss.Compute(student, _golden.Tensor64("teacher").To(dtype), _golden.Ids("labels")));
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

    [Fact]
    public void A_model_does_not_differ_from_itself()
    {
        using var scope = TensorScope.Begin();
        var logits = _golden.Tensor64("student");
        var loss = new ForwardKl().Compute(logits.Clone(), logits.Clone(), _golden.Ids("labels"));
        Assert.All(GoldenTensors.DoublesOf(loss), value => Assert.Equal(0, value, 1e-12));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_gradient_is_the_finite_difference(bool kl)
    {
        using var scope = TensorScope.Begin();
        LogitLoss loss = kl ? new ForwardKl(1.7) : new CrossEntropy();
        double[] student = [0.3, -1.2, 0.7, 2.1, -0.4], teacher = [1.1, 0.2, -0.6, 0.5, 0.9];
        double Value(double[] at) => loss.Compute(Tensor.From<double>(at, 1, 5), Tensor.From<double>(teacher, 1, 5), Tensor.From<long>([3], 1)).Item();
        var gradient = Tensor.From<double>(student, 1, 5);
        _ = loss.Compute(gradient, Tensor.From<double>(teacher, 1, 5), Tensor.From<long>([3], 1));
        var analytic = gradient.ToArray<double>();
        for (var i = 0; i < 5; i++)
        {
            var (up, down) = ((double[])student.Clone(), (double[])student.Clone());
            up[i] += 1e-5;
            down[i] -= 1e-5;
            Assert.Equal((Value(up) - Value(down)) / 2e-5, analytic[i], 1e-8);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(double.NaN)]
    public void Temperatures_that_mean_nothing_are_refused(double tau) =>
        Assert.Contains("must be above 0", Assert.Throws<EspalierException>(() => new ForwardKl(tau)).Message);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Chunked_equals_plain_autograd(bool kl)
    {
        using var scope = TensorScope.Begin();
        LogitLoss loss = kl ? new ForwardKl() : new CrossEntropy();
        Tensor Random(int seed, params long[] shape)
        {
            var random = new Random(seed);
            return Tensor.From<double>([.. Enumerable.Range(0, (int)shape.Aggregate((a, b) => a * b)).Select(_ => random.NextDouble() - 0.5)], shape);
        }
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
        var (sum, gradient) = ChunkedHead.Backward(hidden, head, targets, new(teacherHidden, teacherHead), loss, 0.25, chunk: 5);
        Assert.Equal(plain.Item(), sum, 1e-12);
        GoldenTensors.AssertClose(h.Grad()!.ToArray<double>(), gradient.ToArray<double>(), 1e-14, 1e-12, "hidden gradient");
        GoldenTensors.AssertClose(w.Grad()!.ToArray<double>(), head.Grad()!.ToArray<double>(), 1e-14, 1e-12, "head gradient");
    }
}
