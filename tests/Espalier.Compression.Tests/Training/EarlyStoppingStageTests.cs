using System.Text.Json.Nodes;
using Espalier.Compression.Data;
using Espalier.Compression.Distillation;
using Espalier.Compression.Runs;
using Espalier.Compression.Training;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Tests;
using Espalier.Tests.Runs;
using Espalier.Torch;

namespace Espalier.Compression.Tests.Training;

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

    private static (long Steps, long Best, double[] Weights, string Metrics) Run(string folder, long? interrupt = null)
    {
        using var run = RunFolder.Open(folder, _ => { });
        using var stage = run.Stage("correct", new JsonObject(), new Dictionary<string, string>());
        using var source = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        using var model = DecoderWeights.Load(source);
        var ids = TokenIds.FromList(Enumerable.Range(0, 4000).Select(i => i * i % 127), "ids", 128);
        var windows = new WindowSet(new TokenRange(ids, 0, 3600), 32);
        using var stop = new CancellationTokenSource();
        using var trainer = new Trainer(model, new LogitObjective(new CrossEntropy()), new(windows, SampleOrder.Sequential(windows.Count)), new()
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
        var end = TrainingStage.Run(stage, stage.Begin(), trainer, source.Family, new()
        {
            Title = "correct",
            Steps = 60,
            EvaluateEvery = 2,
            CheckpointEvery = 5,
            EarlyStopping = 2,
            HeldOut = new(new TokenRange(ids, 3600, 400), 32, WindowStride.Contiguous),
        }, NullProgress.Instance, stop.Token);
        return (end.Step, trainer.State.Step, [.. model.Parameters.SelectMany(p => GoldenTensors.DoublesOf(p.Value))], File.ReadAllText(stage.Metrics.Path));
    }
}
