using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Distillation;

/// <summary>Hidden-state loss with lift and dynamic α against float64 transformers: tests/golden/distillation/README.md.</summary>
public sealed class HiddenStateTests : TorchTest
{
    private static HiddenStateOptions Options => new() { Embedding = true, Attention = [new(2, 2)], Layers = [new(4, 4)], Final = true };

    [Theory]
    [InlineData(DType.Float64, 1e-10, 1e-6)]
    [InlineData(DType.Float32, 1e-4, 1e-3)]
    public void Losses_and_gradients_are_those_of_the_reference(DType dtype, double scalars, double gradients)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("distillation", "hidden.safetensors"));
        using var trajectory = new GoldenTensors(Fixtures.Golden("distillation", "trajectory_f64.safetensors"));
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), dtype);
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("pruning", "width"));
        using var student = DecoderWeights.Load(checkpoint, dtype);
        student.RequiresGrad = true;
        using var hidden = new HiddenStateLoss(Options, teacher.Config, student.Config, 1, dtype);
        using var scope = TensorScope.Begin();
        using (GradMode.Disable())
            hidden.Lift!.CopyInPlace(golden.Tensor64("lift"));
        var ids = trajectory.Longs("batches")[..128];

        var sums = new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher), hidden)
            .Accumulate(student, new([0, 1, 2, 3], ids, ids, 4, 32), 1.0 / 128);

        var (logits, inner, alpha) = (golden.Doubles("L_logits")[0], golden.Doubles("L_is")[0], golden.Doubles("alpha")[0]);
        Assert.Equal(logits, sums.Parts[0] / 128, scalars * logits);
        Assert.Equal(inner, sums.Parts[1] / 128, scalars * inner);
        Assert.Equal(alpha, sums.Parts[0] / sums.Parts[1], scalars);
        Assert.Equal(golden.Doubles("total")[0], sums.Sum / 128, scalars * 10);
        var norm = 0.0;
        foreach (var (parameter, value) in student.Parameters)
        {
            var name = checkpoint.Family.NameOf(parameter);
            double[] expected = [.. golden.Doubles($"grad_logits.{name}").Zip(golden.Doubles($"grad_is.{name}"), (a, b) => a + alpha * b)];
            var actual = GoldenTensors.DoublesOf(value.Grad()!);
            GoldenTensors.AssertClose(expected, actual, gradients * expected.Max(Math.Abs), 0, name);
            norm += actual.Sum(slope => slope * slope);
        }
        Assert.Equal(golden.Doubles("grad_norm_total")[0], Math.Sqrt(norm), gradients * Math.Sqrt(norm));
        var lift = golden.Doubles("grad_total.lift");
        GoldenTensors.AssertClose(lift, GoldenTensors.DoublesOf(hidden.Lift!.Grad()!), gradients * lift.Max(Math.Abs), 0, "lift");
    }

    [Theory]
    [InlineData(HiddenDistance.Mse)]
    [InlineData(HiddenDistance.Cosine)]
    public void The_gradient_is_the_finite_difference(HiddenDistance distance)
    {
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        using var student = GoldenTensors.Load(Fixtures.Golden("pruning", "width"), DType.Float64);
        student.RequiresGrad = true;
        using var hidden = new HiddenStateLoss(Options with { Distance = distance, Weight = 0.3 }, teacher.Config, student.Config, 1,
            DType.Float64);
        long[] ids = [.. Enumerable.Range(0, 12).Select(i => (long)(7 * i % 96))];
        var objective = new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher), hidden);
        double Value() => objective.Accumulate(student, new([0], ids, ids, 1, 12), 1).Sum;
        _ = Value();
        using var scope = TensorScope.Begin();
        Tensor[] tensors = [hidden.Lift!, student.Embedding, student.Parameters[5].Value, student.Parameters[^2].Value];
        double[][] slopes = [.. tensors.Select(tensor => tensor.Grad()!.Clone().View(-1).ToArray<double>())];
        foreach (var (tensor, slope) in tensors.Zip(slopes))
        {
            var at = Array.FindIndex(slope, value => Math.Abs(value) > 1e-3);
            var values = tensor.ToArray<double>();
            double At(double step)
            {
                var moved = (double[])values.Clone();
                moved[at] += step;
                tensor.CopyFrom<double>(moved);
                return Value();
            }
            var difference = (At(1e-5) - At(-1e-5)) / 2e-5;
            tensor.CopyFrom<double>(values);
            Assert.Equal(difference, slope[at], 1e-5 * Math.Abs(difference));
        }
    }

    [Fact]
    public void Models_of_one_width_need_no_lift_and_a_model_does_not_differ_from_itself()
    {
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        using var student = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        student.RequiresGrad = true;
        using var hidden = new HiddenStateLoss(Options, teacher.Config, student.Config, 1, DType.Float64);
        Assert.Null(hidden.Lift);
        Assert.Empty(hidden.Trained);
        long[] ids = [1, 2, 3, 4];
        var sums = new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher), hidden).Accumulate(student, new([0], ids, ids, 1, 4), 1);
        Assert.Equal(0, sums.Sum, 1e-12);
    }

    [Fact]
    public void Layers_outside_of_the_models_are_refused()
    {
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
        EspalierException Of(HiddenStateOptions options) =>
            Assert.Throws<EspalierException>(() => new HiddenStateLoss(options, teacher.Config, teacher.Config, 1).Dispose());
        Assert.Contains("the teacher has layers 0 to", Of(new() { Layers = [new(29, 1)] }).Message);
        Assert.Contains("the student has layers 0 to", Of(new() { Attention = [new(1, 13)] }).Message);
        Assert.Contains("nothing to compare;", Of(new()).Message);
        Assert.Contains("twice", Of(new() { Layers = [new(1, 1), new(2, 1)] }).Message);
        Assert.Contains("weight is 0", Of(new() { Final = true, Weight = 0 }).Message);
        Assert.Contains("29:13", Assert.Throws<EspalierException>(() => LayerPair.Parse("29")).Message);
        Assert.Equal(new LayerPair(29, 13), LayerPair.Parse("29:13"));
    }
}
