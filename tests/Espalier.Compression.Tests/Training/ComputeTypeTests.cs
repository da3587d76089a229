using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Speeds;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Training;

/// <summary>Products in bfloat16 on the bundled teacher against float32: docs/numerics.md has the bounds.</summary>
public sealed class ComputeTypeTests : TorchTest
{
    private static string Teacher => Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    [Fact]
    public void Bfloat16_products_stay_near_float32_and_leave_float32_gradients()
    {
        using var model = GoldenTensors.Load(Teacher, DType.Float32);
        model.RequiresGrad = true;
        var (loss, gradients) = Step(model, ComputeType.Float32);
        var (rounded, roundedGradients) = Step(model, ComputeType.Bfloat16);

        Assert.NotEqual(loss, rounded);
        Assert.Equal(loss, rounded, 5e-3 * loss);
        foreach (var ((name, a), (_, b)) in gradients.Zip(roundedGradients))
        {
            var (difference, norm) = (Math.Sqrt(a.Zip(b, (x, y) => (x - y) * (x - y)).Sum()), Math.Sqrt(a.Sum(x => x * x)));
            Assert.True(difference <= 0.05 * norm, $"{name}: the gradient differs by {difference / norm:0.####} of its norm");
        }
    }

    /// <summary>
    /// Every family's norms, biases, head norms, activations and heads, and each of the two ways of keeping activations. Weights are random
    /// and large here, and a rounded operand moves gradients further than in a trained model: by up to 0.21 of their norm.
    /// </summary>
    [Theory]
    [InlineData("llama-3.1")]
    [InlineData("llama-3.2-tied")]
    [InlineData("mistral")]
    [InlineData("mistral-nemo")]
    [InlineData("nemotron")]
    [InlineData("qwen2")]
    [InlineData("qwen3")]
    public void Every_family_trains_in_bfloat16(string family)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("families", family), DType.Float32);
        StaysNear(model, 0.25);
    }

    /// <summary>
    /// A mixture whose experts, router and attention have biases, with sinks and a unit that is cut off. Each token goes to all experts,
    /// for rounding makes a router choose others, and the blocks' matrices, which are large here, are half of what they are, gates and ups
    /// an eighth.
    /// </summary>
    [Theory]
    [InlineData("gpt-oss")]
    [InlineData("gpt-oss-tied")]
    public void A_mixture_with_biases_and_sinks_trains_in_bfloat16(string family)
    {
        using var sparse = GoldenTensors.Load(Fixtures.Golden("families", family), DType.Float32);
        var config = sparse.Config with { ExpertsPerToken = sparse.Config.Experts };
        using var model = new Decoder(config,
            [.. sparse.Parameters.Select(named => KeyValuePair.Create(named.Parameter, named.Value.Mul(Factor(named)).Unscoped()))]);
        StaysNear(model, 0.25);

        static double Factor((Parameter Parameter, Tensor Value) named) => named.Parameter.Layer < 0 || named.Value.Dimensions < 2 ? 1
            : named.Parameter.Role is ParameterRole.ExpertGateProjection or ParameterRole.ExpertUpProjection ? 0.125 : 0.5;
    }

    private static void StaysNear(Decoder model, double share)
    {
        model.RequiresGrad = true;
        var (loss, gradients) = Step(model, ComputeType.Float32);
        var (rounded, roundedGradients) = Step(model, ComputeType.Bfloat16);
        Assert.Equal(loss, rounded, 5e-3 * loss);
        foreach (var ((name, a), (_, b)) in gradients.Zip(roundedGradients))
        {
            var (difference, norm) = (Math.Sqrt(a.Zip(b, (x, y) => (x - y) * (x - y)).Sum()), Math.Sqrt(a.Sum(x => x * x)));
            Assert.True(difference <= share * norm + 1e-6,
                $"{name}: the gradient differs by {difference / norm:0.####} of its norm, {norm}");
        }

        model.ActivationCheckpointing = true;
        var (again, againGradients) = Step(model, ComputeType.Bfloat16);
        Assert.Equal(rounded, again);
        foreach (var ((_, a), (_, b)) in roundedGradients.Zip(againGradients))
            Assert.Equal(a, b);
    }

    [Fact]
    public void Evaluation_amid_a_training_in_bfloat16_is_float32()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("families", "llama-3.1"), DType.Float32);
        var windows = new WindowSet(
            TokenIds.FromList([.. Enumerable.Range(0, 65).Select(i => i * 7 % model.Config.VocabularySize)], "ids",
                model.Config.VocabularySize),
            32, WindowStride.Disjoint);
        double Nll() => PerplexityEvaluator.Run(model, windows, null, 1, NullProgress.Instance).Nll;
        var expected = Nll();
        model.Compute = ComputeType.Bfloat16;
        Assert.Equal(expected, Nll());
        Assert.Equal(ComputeType.Bfloat16, model.Compute);
    }

    [Theory]
    [InlineData("flags\t\t: fpu avx512f avx512_bf16 amx_tile", true)]
    [InlineData("flags\t\t: fpu amx_bf16", true)]
    [InlineData("flags\t\t: fpu avx512f avx2", false)]
    [InlineData("Features\t: asimd", false)]
    public void Units_are_read_from_the_processors_flags(string line, bool has) =>
    Assert.Equal(has, CpuInfo.Parse($"processor\t: 0\n{line}\n").MultipliesBfloat16());

    [Fact]
    public void Auto_is_what_the_processor_has() =>
        Assert.Equal(CpuInfo.Read().MultipliesBfloat16() ? ComputeType.Bfloat16 : ComputeType.Float32, ComputeChoice.Auto.Here());

    private static (double Loss, (string Name, double[] Values)[] Gradients) Step(Decoder model, ComputeType compute)
    {
        using var scope = TensorScope.Begin();
        model.Compute = compute;
        long[] ids = [.. Enumerable.Range(0, 49).Select(i => (long)(i * i * 31 % model.Config.VocabularySize))];
        var loss = new LogitObjective(new CrossEntropy()).Accumulate(model, new([0], ids[..^1], ids[1..], 1, 48), 1.0 / 48).Sum / 48;
        var gradients = model.Parameters.Select(p => (p.Parameter.ToString(), GoldenTensors.DoublesOf(p.Value.Grad()!))).ToArray();
        Assert.All(model.Parameters, p => Assert.Equal(DType.Float32, p.Value.Grad()!.DType));
        Gradients.Clear([.. model.Parameters.Select(p => p.Value)]);
        return (loss, gradients);
    }
}
