using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Distillation;

/// <summary>
/// The auxiliary loss of routers against transformers (tests/golden/router-balance), and what cutting a step may not change.
/// </summary>
public sealed class RouterBalanceTests : TorchTest
{
    private const int Sequence = 23;
    private const double Weight = 0.7;

    public static TheoryData<string> Families => ["mixtral", "olmoe", "qwen3-moe", "qwen3-moe-mixed"];

    [Theory, MemberData(nameof(Families))]
    public void Losses_and_gradients_are_those_of_transformers(string family)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("router-balance", $"{family}.safetensors"));
        using var model = Load(family);
        var expected = golden.Doubles("loss");
        for (var window = 0; window < 2; window++)
            Assert.Equal(expected[window], Accumulate(model, family, Weight, window, 1).Parts[1] / Sequence, 1e-6);
        var (with, sums) = Gradients(model, family, Weight);
        Assert.Equal(expected.Average(), sums.Parts[1] / (2 * Sequence), 1e-6);
        Assert.Equal(sums.Parts[0] + Weight * sums.Parts[1], sums.Sum, 1e-9);
        var (without, _) = Gradients(model, family, 0);
        var compared = 0;
        foreach (var (parameter, value) in model.Parameters)
        {
            var name = parameter.Role switch
            {
                ParameterRole.Router => $"model.layers.{parameter.Layer}.mlp.gate.weight",
                ParameterRole.KeyProjection => $"model.layers.{parameter.Layer}.self_attn.k_proj.weight",
                _ => "",
            };
            if (!golden.Has($"grad.{name}"))
                continue;
            var slopes = golden.Doubles($"grad.{name}");
            double[] found = [.. with[parameter].Zip(without[parameter], (a, b) => (a - b) / Weight)];
            GoldenTensors.AssertClose(slopes, found, 1e-6 * slopes.Max(Math.Abs), 0, name);
            compared += slopes.Any(slope => slope != 0) ? 1 : 0;
        }
        Assert.True(compared >= 2 * model.Config.LayersWithExperts);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void One_pass_of_two_windows_is_two_of_one_and_a_pass_that_is_computed_twice(bool masked)
    {
        using var model = Load("qwen3-moe-mixed");
        var (together, sums) = Gradients(model, "qwen3-moe-mixed", Weight, masked: masked);
        var (apart, parts) = Gradients(model, "qwen3-moe-mixed", Weight, windows: 1, masked: masked);
        model.ActivationCheckpointing = true;
        var (again, twice) = Gradients(model, "qwen3-moe-mixed", Weight, masked: masked);
        Assert.Equal(sums.Sum, parts.Sum, 1e-10);
        Assert.Equal(sums.Sum, twice.Sum, 1e-10);
        foreach (var (parameter, slopes) in together)
        {
            GoldenTensors.AssertClose(slopes, apart[parameter], 1e-12, 0, $"{parameter}");
            GoldenTensors.AssertClose(slopes, again[parameter], 1e-12, 0, $"{parameter}");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_gradient_is_the_finite_difference(bool masked)
    {
        using var model = Load("mixtral");
        var (slopes, _) = Gradients(model, "mixtral", Weight, masked: masked);
        foreach (var (parameter, value) in model.Parameters.Where(p => p.Parameter.Role == ParameterRole.Router))
        {
            var at = Array.IndexOf(slopes[parameter], slopes[parameter].MaxBy(Math.Abs));
            using var scope = TensorScope.Begin();
            var values = value.ToArray<double>();
            double At(double step)
            {
                var moved = (double[])values.Clone();
                moved[at] += step;
                value.CopyFrom<double>(moved);
                return Gradients(model, "mixtral", Weight, masked: masked).Sums.Sum;
            }
            // Sums are of all positions, gradients of their mean.
            var difference = (At(1e-6) - At(-1e-6)) / 2e-6 / (2 * Sequence);
            value.CopyFrom<double>(values);
            Assert.Equal(difference, slopes[parameter][at], 1e-4 * Math.Abs(difference));
        }
    }

    [Fact]
    public void Models_without_experts_are_refused()
    {
        using var dense = Load("qwen3");
        Assert.Contains("router-balance is for models with experts, but a qwen3 model has none",
            Assert.Throws<EspalierException>(() => new RouterBalance(0.01, dense.Config)).Message);
    }

    private static Decoder Load(string family)
    {
        var model = GoldenTensors.Load(Fixtures.Golden("families", family), DType.Float64);
        model.RequiresGrad = true;
        return model;
    }

    /// <summary>Of the two windows, some at a time, the gradients of the summed loss.</summary>
    private static (Dictionary<Parameter, double[]> Slopes, ObjectiveSumsOf Sums) Gradients(Decoder model, string family, double weight,
        int windows = 2, bool masked = false)
    {
        foreach (var (_, value) in model.Parameters)
            value.SetGrad(null);
        var sums = new ObjectiveSumsOf(0, [0, 0]);
        for (var first = 0; first < 2; first += windows)
        {
            var found = Accumulate(model, family, weight, first, windows, masked);
            sums = new(sums.Sum + found.Sum, [.. sums.Parts.Zip(found.Parts.Concat([0, 0]), (a, b) => a + b)]);
        }
        using var scope = TensorScope.Begin();
        return (model.Parameters.ToDictionary(p => p.Parameter, p => GoldenTensors.DoublesOf(p.Value.Grad()!)), sums);
    }

    private static ObjectiveSumsOf Accumulate(Decoder model, string family, double weight, int first, int windows, bool masked = false)
    {
        using var golden = new GoldenTensors(Path.Combine(Fixtures.Golden("families", family), "golden.safetensors"));
        long[] ids = [.. golden.Longs("input_ids").Chunk(24).Skip(first).Take(windows).SelectMany(sample => sample[..Sequence])];
        // Of the first window two thirds count, of the second one.
        bool[]? mask = masked ? [.. Enumerable.Range(0, ids.Length).Select(i => i % Sequence % 3 < (first + i / Sequence == 0 ? 2 : 1))]
            : null;
        var batch = new Batch([.. Enumerable.Range(first, windows).Select(i => (long)i)], ids, ids, windows, Sequence, LossMask: mask);
        var objective = new LogitObjective(new CrossEntropy(), null, null, weight > 0 ? new RouterBalance(weight, model.Config) : null);
        var sums = objective.Accumulate(model, batch, 1.0 / (2 * Sequence));
        return new(sums.Sum, sums.Parts);
    }

    private sealed record ObjectiveSumsOf(double Sum, IReadOnlyList<double> Parts);
}
