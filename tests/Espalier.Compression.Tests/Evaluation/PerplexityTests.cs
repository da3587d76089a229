using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Evaluation;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Evaluation;

public sealed class PerplexityTests : TorchTest
{
    [Fact]
    public void The_bundled_teachers_loss_is_that_of_the_reference()
    {
        var golden = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("quickstart-teacher", "golden.json"))).RootElement;
        var result =
            Evaluate(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"),
                Fixtures.Golden("quickstart-teacher", "self-written.ids.i32"), 256, 16);
        Assert.Equal(golden.GetProperty("mean_nll").GetDouble(), result.Nll, 2e-6);
        var windows = golden.GetProperty("nll_per_window").EnumerateArray().Select(v => v.GetDouble()).ToArray();
        GoldenTensors.AssertClose(windows, [.. result.WindowNll], 1e-5, 0, "window");
        Assert.Equal(16 * 256, result.Tokens);
        Assert.InRange(result.NllStandardError, 0.05, 0.2);
    }

    [Fact]
    public void In_bfloat16_the_bundled_teachers_loss_is_that_of_the_reference_within_a_few_thousandths()
    {
        var golden = JsonDocument.Parse(File.ReadAllText(Fixtures.Golden("quickstart-teacher", "golden.json"))).RootElement;
        var (folder, ids) = (Path.Combine(Fixtures.Root, "models", "quickstart-teacher"),
            Fixtures.Golden("quickstart-teacher", "self-written.ids.i32"));
        var rounded = Evaluate(folder, ids, 256, 16, ComputeType.Bfloat16);
        Assert.Equal(golden.GetProperty("mean_nll").GetDouble(), rounded.Nll, 3e-3);
        Assert.NotEqual(Evaluate(folder, ids, 256, 16).WindowNll, rounded.WindowNll);
    }

    [OutsideFact("models/stories260K")]
    public void Stories260K_has_the_loss_that_three_programs_agree_on()
    {
        var result =
            Evaluate(Fixtures.Outside("models", "stories260K"), Fixtures.Outside("oracles", "stories260K", "tinystories.ids.i32"), 512, 20);
        Assert.Equal(1.275128, result.Nll, 1e-5);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(1e25, 1)]
    public void Activations_whose_overflow_the_last_norm_hides_are_said(double scale, int warnings)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
        foreach (var (parameter, value) in model.Parameters)
            if (parameter.Role == ParameterRole.Embedding)
                value.MulInPlace(scale);
        var said = new Warned();
        var windows = new WindowSet(TokenIds.FromList(Enumerable.Range(1, 65), "ids", null), 16, WindowStride.Contiguous);
        Assert.True(double.IsFinite(PerplexityEvaluator.Run(model, windows, null, 2, said).Nll));
        Assert.Equal(warnings, said.Lines.Count(line => line.StartsWith("evaluate: the last norm gives nothing but zeros for 64 of 64",
            StringComparison.Ordinal)));
    }

    private static PerplexityResult Evaluate(string folder, string ids, int sequence, int count, ComputeType compute = ComputeType.Float32)
    {
        using var model = GoldenTensors.Load(folder, DType.Float32);
        var tokens = TokenIds.Parse(ids, model.Config.VocabularySize);
        using var closing = tokens as IDisposable;
        model.Compute = ComputeType.Bfloat16;
        var result = PerplexityEvaluator.Run(
            model, new WindowSet(tokens, sequence, WindowStride.Contiguous), count, 4, NullProgress.Instance, compute: compute);
        // A training goes on as it was set.
        Assert.Equal(ComputeType.Bfloat16, model.Compute);
        return result;
    }
}
