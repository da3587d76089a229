using System.Runtime.InteropServices;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Comparison;
using Espalier.Pipeline.Runs.Folders;

namespace Espalier.Tests.Runs;

/// <summary>
/// Each kind of file with one deliberately changed bit or value: compare-runs must not only say "equal", it must be able to say
/// "different".
/// </summary>
public sealed class RunComparisonTests : IDisposable
{
    private static readonly Dictionary<string, string> s_inputs = new() { ["data"] = "aa" };
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Two_runs_of_the_same_work_are_equal_whatever_the_clock_says(bool exact)
    {
        var (a, b) = (Write("a"), Write("b", seconds: 99, stoppedAt: 3));
        var result = RunComparison.Run(a, b, new(exact));
        Assert.Null(result.First);
        Assert.Empty(result.Distances);
        Assert.Equal((4, 3), (result.Lines, result.Tensors));
        Assert.Equal(exact ? 8 : 5, result.Files);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_metric_that_differs_is_named_with_step_field_and_both_values(bool exact)
    {
        var result = RunComparison.Run(Write("a"), Write("b", lossOfStep3: 0.30000000000000004), new(exact));
        Assert.Equal(
            new RunDifference($"stages/{Stage}/metrics.jsonl", "step 3, loss", "0.3", "0.30000000000000004") { Step = 3, Field = "loss" },
            result.First);
    }

    [Fact]
    public void A_flipped_bit_of_a_model_is_named_with_tensor_element_and_both_values()
    {
        var (a, b) = (Write("a"), Write("b", bit: (5, 1)));
        var result = RunComparison.Run(a, b, new(Exact: true));
        Assert.Equal($"stages/{Stage}/model/model.safetensors", result.First!.File);
        Assert.Equal(("w", 5L), (result.First.Tensor, result.First.Element!.Value));
        Assert.Equal(("0.5 (0x3f000000)", "0.5000001192092896 (0x3f000002)"), (result.First.A, result.First.B));

        result = RunComparison.Run(a, b, new());
        Assert.Equal(("w", 5L), (result.First!.Tensor, result.First.Element!.Value));
        Assert.Equal(5L, Assert.Single(result.Distances).At);
        Assert.Null(RunComparison.Run(a, b, new(Tolerance: 1e-6)).First);
    }

    [Fact]
    public void The_sign_of_zero_is_a_difference_of_bits_and_none_of_values()
    {
        var (a, b) = (Write("a"), Write("b", bit: (0, 31)));
        Assert.Equal("-0 (0x80000000)", RunComparison.Run(a, b, new(Exact: true)).First!.B);
        Assert.Null(RunComparison.Run(a, b, new()).First);
    }

    [Fact]
    public void A_number_that_became_none_is_a_difference_at_any_tolerance()
    {
        var (a, b) = (Write("a"), Write("b", value: float.NaN));
        var result = RunComparison.Run(a, b, new(Tolerance: 1e30));
        Assert.Equal(("NaN", "w"), (result.First!.B, result.First.Tensor));
        Assert.Equal(double.PositiveInfinity, Assert.Single(result.Distances).Largest);
        Assert.Null(RunComparison.Run(b, Write("c", value: float.NaN), new()).First);
    }

    [Theory]
    [InlineData("checkpoints/step-2/state.safetensors", "tensor w, element 31")]
    [InlineData("checkpoints/step-2/loop.json", "byte 1")]
    [InlineData("scores.json", "byte 1")]
    [InlineData("stage.json", "")]
    public void A_flipped_bit_in_any_other_file_of_a_stage_is_found_by_bits(string name, string place)
    {
        var (a, b) = (Write("a"), Write("b"));
        var path = Path.Combine(b, "stages", Stage, name);
        var bytes = File.ReadAllBytes(path);
        bytes[name.EndsWith(".safetensors", StringComparison.Ordinal) ? ^1 : 1] ^= 1;
        File.WriteAllBytes(path, bytes);
        if (place.Length == 0)
        {
            // A record that carries its own hash is damaged, which is no difference between runs.
            Assert.Throws<DamagedFileException>(() => RunComparison.Run(a, b, new(Exact: true)));
            return;
        }
        var difference = RunComparison.Run(a, b, new(Exact: true)).First!;
        Assert.Equal(($"stages/{Stage}/{name}", place), (difference.File, difference.Place));
    }

    [Fact]
    public void A_result_that_differs_is_named()
    {
        var result = RunComparison.Run(Write("a"), Write("b", nll: 2.25), new());
        Assert.Equal(("result nll", "2.5", "2.25"), (result.First!.Place, result.First.A, result.First.B));
        Assert.Null(RunComparison.Run(_folder.Of("a"), _folder.Of("b"), new(Tolerance: 0.25)).First);
    }

    [Fact]
    public void A_run_that_ended_earlier_differs_at_the_step_that_it_lacks()
    {
        var (a, b) = (Write("a"), Write("b"));
        var log = Path.Combine(b, "stages", Stage, "metrics.jsonl");
        File.WriteAllLines(log, File.ReadAllLines(log)[..3]);
        var difference = RunComparison.Run(a, b, new()).First!;
        Assert.Equal(("step 4", "there", "the end"), (difference.Place, difference.A, difference.B));
    }

    [Fact]
    public void A_file_that_one_run_lacks_and_a_tensor_of_another_shape_are_differences()
    {
        var (a, b) = (Write("a"), Write("b"));
        File.Delete(Path.Combine(b, "stages", Stage, "model", "model.safetensors"));
        Assert.Equal("missing", RunComparison.Run(a, b, new()).First!.B);
        WriteTensor(Path.Combine(b, "stages", Stage, "model", "model.safetensors"), new float[16], [4, 4]);
        var difference = RunComparison.Run(a, b, new()).First!;
        Assert.Equal(("tensor w, shape", "[32]", "[4, 4]"), (difference.Place, difference.A, difference.B));
    }

    [Fact]
    public void Models_and_checkpoints_are_compared_by_themselves()
    {
        var (a, b) = (Write("a"), Write("b", bit: (7, 0)));
        Assert.Equal("model.safetensors",
            RunComparison.Run(Path.Combine(a, "stages", Stage, "model"), Path.Combine(b, "stages", Stage, "model"), new(true)).First!.File);
        Assert.Null(
            RunComparison.Run(Path.Combine(a, "stages", Stage, "checkpoints", "step-2"),
                Path.Combine(b, "stages", Stage, "checkpoints", "step-2"), new(true)).First);
    }

    [Fact]
    public void What_cannot_be_compared_is_refused()
    {
        var a = Write("a");
        Directory.CreateDirectory(_folder.Of("empty"));
        Assert.Contains("has no metrics.jsonl",
            Assert.Throws<EspalierException>(() => RunComparison.Run(a, _folder.Of("empty"), new())).Message, StringComparison.Ordinal);
        Assert.Contains("not found", Assert.Throws<EspalierException>(() => RunComparison.Run(a, _folder.Of("none"), new())).Message,
            StringComparison.Ordinal);
        Assert.Contains("leave one of them out", Assert.Throws<EspalierException>(() => RunComparison.Run(a, a, new(true, 1e-3))).Message,
            StringComparison.Ordinal);
        Assert.Contains("at least 0", Assert.Throws<EspalierException>(() => RunComparison.Run(a, a, new(false, -1))).Message,
            StringComparison.Ordinal);
    }

    private static string Stage { get; } = StageKey.Of("distill", null, s_inputs).FolderName;

    /// <summary>A run of four steps with a checkpoint of each, a model, scores and a student.</summary>
    private string Write(string name, double lossOfStep3 = 0.3, (int Element, int Bit)? bit = null, float value = 0.5f, double nll = 2.5,
        double seconds = 1, int stoppedAt = 4)
    {
        using var run = RunFolder.Open(_folder.Of(name));
        using var stage = run.Stage("distill", null, s_inputs);
        stage.Begin();
        for (var step = 1; step <= 4; step++)
        {
            stage.Metrics.Append(step, ("loss", step == 3 ? lossOfStep3 : step / 2.0), ("skipped", false));
            stage.Timing.Append(step, ("seconds", seconds));
            stage.Board.Append(step, ("seconds", seconds));
            if (step > stoppedAt)
                continue;
            WriteTensor(_folder.Of("state"), Weights(0.5f), [32]);
            stage.Checkpoints.Save(step,
            [
                CheckpointPart.FromBytes("state.safetensors", File.ReadAllBytes(_folder.Of("state"))),
                CheckpointPart.FromBytes("loop.json", System.Text.Encoding.UTF8.GetBytes($"{{\"step\":{step}}}")),
            ]);
        }
        // The one that runs stopped at different places have in common.
        stage.Checkpoints.Save(2,
            [CheckpointPart.FromBytes("state.safetensors", File.ReadAllBytes(_folder.Of("state"))),
                CheckpointPart.FromBytes("loop.json", "{\"step\":2}"u8.ToArray())]);
        var weights = Weights(value);
        if (bit is { } flip)
            weights[flip.Element] =
                BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits(weights[flip.Element]) ^ 1u << flip.Bit);
        Directory.CreateDirectory(stage.PathOf("model"));
        WriteTensor(stage.PathOf("model/model.safetensors"), weights, [32]);
        File.WriteAllText(stage.PathOf("scores.json"), "{}");
        stage.Complete(new JsonObject { ["nll"] = nll });
        Directory.CreateDirectory(run.PathOf("student"));
        WriteTensor(run.PathOf("student/model.safetensors"), Weights(0.25f), [32]);
        return run.Path;
    }

    private static float[] Weights(float value) => [0, .. Enumerable.Repeat(value, 31)];

    private static void WriteTensor(string path, float[] values, long[] shape) => SafetensorsWriter.Write(
        path, SafetensorsLayout.Plan([new("w", ElementType.F32, shape)]),
        (_, offset, destination) => MemoryMarshal.AsBytes(values.AsSpan()).Slice((int)offset, destination.Length).CopyTo(destination));
}
