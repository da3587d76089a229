using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Training;

public sealed class LogitObjectiveTests : TorchTest
{
    /// <summary>A really trained model through chunked head and decoder, against float64 gradients of another program.</summary>
    [OutsideTheory("oracles/stories260K")]
    [InlineData(DType.Float64, 1e-9)]
    [InlineData(DType.Float32, 1e-3)]
    public void Stories260K_has_the_references_loss_and_gradients(DType dtype, double relative)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Fixtures.Outside("oracles", "stories260K", "stories260K_ce_grads_f64.json")));
        var golden = json.RootElement;
        long[] ids = [.. golden.GetProperty("ids").EnumerateArray().Select(id => id.GetInt64())];
        using var checkpoint = Checkpoint.Open(Fixtures.Outside("models", "stories260K"));
        using var model = DecoderWeights.Load(checkpoint, dtype);
        model.RequiresGrad = true;
        var tokens = ids.Length - 1;

        var sum = new LogitObjective(new CrossEntropy()).Accumulate(model, new([0], ids[..^1], ids[1..], 1, tokens), 1.0 / tokens).Sum;

        var loss = golden.GetProperty("loss_ce_mean").GetDouble();
        Assert.Equal(loss, sum / tokens, dtype == DType.Float64 ? 1e-10 : 1e-5);
        using var scope = TensorScope.Begin();
        foreach (var (parameter, value) in model.Parameters)
        {
            var expected = golden.GetProperty("grads").GetProperty(checkpoint.Family.NameOf(parameter));
            var gradient = GoldenTensors.DoublesOf(value.Grad()!);
            var norm = expected.GetProperty("l2").GetDouble();
            Assert.Equal(norm, Math.Sqrt(gradient.Sum(g => g * g)), relative * norm);
            Assert.Equal(expected.GetProperty("sum").GetDouble(), gradient.Sum(), relative * norm * Math.Sqrt(gradient.Length));
            GoldenTensors.AssertClose(
                [.. expected.GetProperty("first4").EnumerateArray().Select(v => v.GetDouble())], gradient.AsSpan(0, 4), relative * norm, 0,
                parameter.ToString());
        }
    }

    [Fact]
    public void A_step_whose_loss_is_not_finite_changes_no_weight_and_many_in_a_row_stop_the_run()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "width"), DType.Float32);
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
        teacher.Head.Weight.FillInPlace(double.NaN);
        var windows = new WindowSet(TokenIds.FromList(Enumerable.Range(0, 500).Select(i => i % 128), "ids", 128), 16);
        using var trainer = new Trainer(
            model, new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher)),
            new PackedText(windows, SampleOrder.Sequential(windows.Count)), new() { Steps = 50, Batch = 2, SkipLimit = 3 });
        var before = GoldenTensors.DoublesOf(model.Embedding);
        var reports = new List<StepReport>();
        trainer.Every(1, reports.Add);

        var error = Assert.Throws<NotFiniteException>(() => trainer.Run());

        Assert.Equal(1, error.ExitCode);
        Assert.Contains("3 steps in a row", error.Message);
        Assert.All(reports, report => Assert.True(report.Skipped));
        Assert.Equal(before, GoldenTensors.DoublesOf(model.Embedding));
    }
}
