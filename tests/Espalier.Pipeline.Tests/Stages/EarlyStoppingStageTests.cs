using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Saving;
using Espalier.Compression.Training.Schedules;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Training;
using Espalier.Tests;

namespace Espalier.Tests.Stages;

/// <summary>A stage that stops early, interrupted and not.</summary>
public sealed class EarlyStoppingStageTests : TorchTest
{
    [Fact]
    public void An_interrupted_run_stops_at_the_same_step_with_the_same_bits()
    {
        using TemporaryFolder one = new(), other = new();
        var whole = Run(one.Path);
        Assert.True(whole.Steps < 60 && whole.Best < whole.Steps, $"{whole.Steps} steps, best {whole.Best}");

        // Behind the best, in the midst of the evaluations without a new one.
        Assert.Throws<OperationCanceledException>(() => Run(other.Path, whole.Best + 3));
        var resumed = Run(other.Path);
        Assert.Equal((whole.Steps, whole.Best), (resumed.Steps, resumed.Best));
        Assert.Equal(whole.Weights, resumed.Weights);
        Assert.Equal(whole.Metrics, resumed.Metrics);
    }

    [Theory]
    [InlineData("digit")]
    [InlineData("line")]
    [InlineData("gone")]
    [InlineData("cut")]
    [InlineData("swapped")]
    [InlineData("appended")]
    public void Damaged_metrics_of_an_interrupted_run_are_never_believed(string damage)
    {
        using TemporaryFolder one = new(), other = new();
        var whole = Run(one.Path);
        Assert.Throws<OperationCanceledException>(() => Run(other.Path, whole.Best + 3));
        var log = Directory.GetFiles(other.Path, "metrics.jsonl", SearchOption.AllDirectories).Single();
        var lines = File.ReadAllLines(log);
        var held = Enumerable.Range(0, lines.Length).Where(i => lines[i].Contains("held_out_nll", StringComparison.Ordinal)).ToArray();
        var best = held.Single(i => lines[i].StartsWith($"{{\"step\":{whole.Best},", StringComparison.Ordinal));
        switch (damage)
        {
            case "digit":
                // The best loss becomes the worst: the weights of another step would be the result.
                lines[best] = lines[best].Replace("\"held_out_nll\":", "\"held_out_nll\":9", StringComparison.Ordinal);
                break;
            case "line": lines[best] = "nonsense"; break;
            case "swapped": (lines[held[0]], lines[held[^1]]) = (lines[held[^1]], lines[held[0]]); break;
        }
        File.WriteAllText(log, string.Join('\n', lines) + "\n");
        if (damage == "gone")
            File.Delete(log);
        else if (damage == "cut")
            File.WriteAllText(log, string.Join('\n', lines[..best]) + "\n");
        else if (damage == "appended")
            File.AppendAllText(log, "{\"step\":" + (whole.Best + 3) + ",\"held_out_nll\":0.001}\n");

        List<string> told = [];
        (long Steps, long Best, double[] Weights, string Metrics)? resumed = null;
        var error = Record.Exception(() => resumed = Run(other.Path, report: told.Add));
        if (damage == "appended")
        {
            // Beyond what the checkpoint vouches for: cut off, as after any kill.
            Assert.Null(error);
        }
        else if (error is not null)
        {
            Assert.Contains($"{log} ", Assert.IsType<EspalierException>(error).Message, StringComparison.Ordinal);
            Assert.Contains("restore the file, or delete ", error.Message, StringComparison.Ordinal);
        }
        else
        {
            Assert.NotEmpty(told);
            Assert.All(told, line => Assert.Contains($"is skipped: {log} ", line, StringComparison.Ordinal));
        }
        if (resumed is { } end)
            Assert.Equal((whole.Steps, whole.Best, whole.Metrics), (end.Steps, end.Best, end.Metrics));
        if (resumed is { } with)
            Assert.Equal(whole.Weights, with.Weights);
    }

    [Fact]
    public void Damage_after_an_older_checkpoint_costs_only_the_steps_since()
    {
        using TemporaryFolder one = new(), other = new();
        var whole = Run(one.Path);
        Assert.Throws<OperationCanceledException>(() => Run(other.Path, whole.Best + 3));
        var log = Directory.GetFiles(other.Path, "metrics.jsonl", SearchOption.AllDirectories).Single();
        var text = File.ReadAllText(log);
        File.WriteAllText(log, text[..^5] + "9}\n" + text[^2..]);
        List<string> told = [];
        var resumed = Run(other.Path, report: told.Add);
        Assert.Contains($"step-{whole.Best + 3} is skipped: {log} ", Assert.Single(told), StringComparison.Ordinal);
        Assert.Equal(whole.Metrics, resumed.Metrics);
        Assert.Equal(whole.Weights, resumed.Weights);
    }

    [Fact]
    public void Checkpoints_of_version_0_1_which_say_nothing_of_the_metrics_are_gone_on_from()
    {
        using TemporaryFolder one = new(), other = new();
        var whole = Run(one.Path);
        Assert.Throws<OperationCanceledException>(() => Run(other.Path, whole.Best + 3));
        foreach (var path in Directory.GetFiles(other.Path, "manifest.json", SearchOption.AllDirectories))
        {
            var manifest = SealedJson.Read(path, RecordJson.Of<CheckpointManifest>(), CheckpointManifest.KnownVersion);
            Assert.NotNull(manifest.Logs);
            File.WriteAllBytes(path, SealedJson.Bytes(manifest with { Logs = null }, RecordJson.Of<CheckpointManifest>()));
        }
        var resumed = Run(other.Path, report: Assert.Fail);
        Assert.Equal((whole.Steps, whole.Best, whole.Metrics), (resumed.Steps, resumed.Best, resumed.Metrics));
        Assert.Equal(whole.Weights, resumed.Weights);
    }

    private static (long Steps, long Best, double[] Weights, string Metrics) Run(string folder, long? interrupt = null,
        Action<string>? report = null)
    {
        using var run = RunFolder.Open(folder, report);
        using var stage = run.Stage("correct", new JsonObject(), new Dictionary<string, string>());
        using var source = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        using var model = DecoderWeights.Load(source);
        var ids = TokenIds.FromList(Enumerable.Range(0, 4000).Select(i => i * i % 127), "ids", 128);
        var windows = new WindowSet(new TokenRange(ids, 0, 3600), 32);
        using var stop = new CancellationTokenSource();
        using var trainer = new Trainer(model, new LogitObjective(new CrossEntropy()),
            new PackedText(windows, SampleOrder.Sequential(windows.Count)), new()
            {
                Steps = 60,
                Batch = 4,
                WarmUp = 0,
                LearningRate = 3e-2,
                Schedule = ScheduleKind.Constant,
            });
        trainer.Every(1, report =>
        {
            if (report.Step == interrupt)
                stop.Cancel();
        });
        var (end, heldOut) = TrainingLoop.Run(stage, stage.Begin(), trainer, source.Family, new()
        {
            Title = "correct",
            Steps = 60,
            EvaluateEvery = 2,
            CheckpointEvery = 5,
            EarlyStopping = 2,
            HeldOut = TrainingLoop.LossOn(new(new TokenRange(ids, 3600, 400), 32, WindowStride.Contiguous)),
        }, NullProgress.Instance, stop.Token);
        // What the best weights lost is known of an earlier evaluation, not of the last.
        Assert.Equal(end.Step == trainer.State.Step, heldOut is not null);
        return (end.Step, trainer.State.Step, [.. model.Parameters.SelectMany(p => GoldenTensors.DoublesOf(p.Value))],
            File.ReadAllText(stage.Metrics.Path));
    }
}
