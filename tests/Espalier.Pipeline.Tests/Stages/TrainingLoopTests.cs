using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Comparison;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Logs;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Training;
using Espalier.Tests;
using Espalier.Tests.Runs;

namespace Espalier.Tests.Stages;

/// <summary>Training inside a stage's folder: interruption, the best checkpoint, TensorBoard, and steps that are not finite.</summary>
public sealed class TrainingLoopTests : TorchTest, IDisposable
{
    private const int Steps = 12;

    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _warnings = [];

    void IDisposable.Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    [Fact]
    public void Stopped_again_and_again_in_an_evaluation_too_it_ends_with_the_same_bits()
    {
        var (undisturbed, stopped) = (_folder.Of("undisturbed"), _folder.Of("stopped"));
        Train(undisturbed);
        foreach (var stopAt in new[] { 4, 6, 8, 9 })
        {
            // The progress of a step is told before its evaluation, which finds the token cancelled at steps 4 and 8.
            Assert.ThrowsAny<OperationCanceledException>(() => Train(stopped, stopAt: stopAt));
            var saved = Directory.GetDirectories(Path.Combine(stopped, "stages"), "step-*", SearchOption.AllDirectories);
            Assert.Contains(saved, path => Path.GetFileName(path) == $"step-{stopAt}");
        }
        Train(stopped);

        var result = RunComparison.Run(undisturbed, stopped, new(Exact: true));
        Assert.True(result.First is null, $"{result.First}");
        Assert.Equal(Steps + Steps / 4, result.Lines);
    }

    [Fact]
    public void The_best_by_held_out_loss_is_kept_and_found_also_after_a_resume()
    {
        // A learning rate that grows until it ruins the model: an early evaluation is the best.
        Assert.ThrowsAny<OperationCanceledException>(() => Train(_folder.Of("again"), learningRate: 3, warmUp: Steps, stopAt: 9));
        Assert.Empty(_warnings);
        Train(_folder.Of("again"), learningRate: 3, warmUp: Steps, check: Check);

        static void Check(StageFolder stage)
        {
            var evaluations = MetricsLines.Read(stage.Metrics.Path).Where(line => line.Fields.ContainsKey("held_out_nll")).ToArray();
            Assert.Equal([4L, 8, 12], evaluations.Select(line => line.Step));
            var best = evaluations.MinBy(line => (double)line.Fields["held_out_nll"]!).Step;
            Assert.True(best < Steps, "the model was not ruined");
            Assert.Equal(best, stage.Checkpoints.OpenBest()!.Step);
            Assert.Equal(best, new CheckpointStore(stage.Checkpoints.Folder) { BestStep = best }.OpenBest()!.Step);
        }
    }

    [Fact]
    public void Tensorboard_shows_what_the_metrics_say_and_each_start_drops_what_it_does_again()
    {
        Assert.ThrowsAny<OperationCanceledException>(() => Train(_folder.Of("run"), stopAt: 7));
        Train(_folder.Of("run"), check: stage =>
        {
            var files = Directory.GetFiles(stage.PathOf("tensorboard")).Order(StringComparer.Ordinal).Select(EventFile.Read).ToArray();
            Assert.Equal(2, files.Length);
            Assert.Equal([1L, 8], files.Select(file => file[1].Step));
            Assert.All(files, file => Assert.Equal(("brain.Event:2", 1), (file[0].Version, file[1].SessionStatus!.Value)));

            var losses = new SortedDictionary<long, float>();
            foreach (var entry in files.SelectMany(file => file))
            {
                if (entry.SessionStatus is not null)
                    foreach (var step in losses.Keys.Where(step => step >= entry.Step).ToArray())
                        losses.Remove(step);
                if (entry.Scalars.TryGetValue("loss", out var loss))
                    losses.Add(entry.Step, loss);
            }
            Assert.Equal(
                MetricsLines.Read(stage.Metrics.Path).Where(line => line.Fields.ContainsKey("loss"))
                    .Select(line => (line.Step, (float)(double)line.Fields["loss"]!)),
                losses.Select(entry => (entry.Key, entry.Value)));
            var tags = files.SelectMany(file => file).SelectMany(entry => entry.Scalars.Keys).Distinct().Order(StringComparer.Ordinal);
            Assert.Equal(["gradient_norm", "held_out_nll", "learning_rate", "loss", "tokens_per_second"], tags);
        });
    }

    [Fact]
    public void Tensorboard_files_that_cannot_be_written_cost_one_warning_and_no_step()
    {
        Train(
            _folder.Of("run"), prepare: stage => File.WriteAllText(stage.PathOf("tensorboard"), "in the way"),
            check: stage => Assert.Equal(Steps, MetricsLines.Read(stage.Metrics.Path).Count(line => line.Fields.ContainsKey("loss"))));
        Assert.Contains("training continues without them", Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_step_that_is_not_finite_changes_no_weight_and_no_moment_and_names_its_windows(double poison)
    {
        Train(_folder.Of("run"), poisonFrom: 5, poisonTo: 6, poison: poison, checkpointEvery: 1, keepAll: true, check: stage =>
        {
            string State(int step) => ContentHash.OfFile(Path.Combine(stage.Checkpoints.Folder, "kept", $"{step}"));
            Assert.Equal(State(4), State(5));
            Assert.Equal(State(4), State(6));
            Assert.NotEqual(State(6), State(7));
            var lines = MetricsLines.Read(stage.Metrics.Path).Where(line => line.Fields.ContainsKey("loss")).ToArray();
            Assert.Equal([5L, 6], lines.Where(line => (bool)line.Fields["skipped"]!).Select(line => line.Step));
            Assert.Equal("[8,9]", lines[4].Fields["windows"]!.ToJsonString());
            Assert.False(lines[6].Fields.ContainsKey("windows"));
        });
        Assert.Equal(2, _warnings.Count);
        Assert.Contains("step 5 skipped", _warnings[0], StringComparison.Ordinal);
        Assert.Contains("windows 8, 9", _warnings[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Many_such_steps_in_a_row_stop_the_run_with_exit_code_1_and_the_last_good_checkpoint()
    {
        var error =
            Assert.Throws<NotFiniteException>(() =>
                Train(_folder.Of("run"), poisonFrom: 6, poisonTo: Steps, poison: double.NaN, skipLimit: 5));
        Assert.Equal(1, error.ExitCode);
        Assert.Contains("5 steps in a row, up to step 10", error.Message, StringComparison.Ordinal);
        Assert.EndsWith("the last good checkpoint is " + Directory.GetDirectories(_folder.Path, "step-9", SearchOption.AllDirectories)
            .Single(), error.Message, StringComparison.Ordinal);
        var checkpoints = Directory.GetDirectories(_folder.Path, "checkpoints", SearchOption.AllDirectories).Single();
        var latest = new CheckpointStore(checkpoints).OpenLatest(_warnings.Add)!;
        using var state = SafetensorsFile.Open(latest.PathOf("state.safetensors"));
        Assert.All(state.Entries.Keys, name => Assert.All(state.ReadFloat32(name), value => Assert.True(float.IsFinite(value), name)));

        // Repaired, it goes on from there.
        Train(_folder.Of("run"), check: stage => Assert.Equal(Steps, MetricsLines.Read(stage.Metrics.Path).Last().Step));
    }

    [Fact]
    public void That_the_disk_refuses_a_save_meanwhile_does_not_hide_why_the_run_stopped()
    {
        var error = Assert.Throws<NotFiniteException>(() => Train(
            _folder.Of("run"), poisonFrom: 6, poisonTo: Steps, poison: double.NaN, skipLimit: 5, checkpointEvery: 5,
            prepare: stage => stage.Checkpoints.BeforePublish = () =>
            {
                if (Directory.Exists(Path.Combine(stage.Checkpoints.Folder, "step-10.tmp")))
                    throw new IOException("Input/output error");
            }));
        Assert.Contains("5 steps in a row, up to step 10", error.Message, StringComparison.Ordinal);
        Assert.Contains(_warnings, warning => warning.Contains("step-10 could not be saved", StringComparison.Ordinal));
    }

    [Fact]
    public void A_checkpoint_that_the_disk_changed_is_none_to_go_on_from()
    {
        var error = Assert.Throws<EspalierException>(() => Train(_folder.Of("run"), prepare: stage =>
        {
            var flush = stage.Checkpoints.BeforePublish;
            stage.Checkpoints.BeforePublish = () =>
            {
                flush?.Invoke();
                // That of step 8 is the best and read back at once.
                var unfinished = Directory.GetDirectories(stage.Checkpoints.Folder, "step-*.tmp").Single();
                if (Path.GetFileName(unfinished) != "step-3.tmp")
                    Damage(Path.Combine(unfinished, "state.safetensors"));
            };
        }));
        Assert.Contains("reading back what was written", error.InnerException!.Message, StringComparison.Ordinal);
        Assert.Contains("the checkpoint of step 3 is intact", error.Message, StringComparison.Ordinal);
    }

    private static void Damage(string file)
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.ReadWrite);
        stream.Position = stream.Length - 1;
        var last = stream.ReadByte();
        stream.Position = stream.Length - 1;
        stream.WriteByte((byte)(last ^ 1));
    }

    [Fact]
    public void A_full_disk_is_one_line_that_names_the_intact_checkpoint_and_a_stop_is_a_stop_all_the_same()
    {
        var recorded = new FaultyLayer(int.MaxValue, Fault.Full);
        recorded.During(() => Train(_folder.Of("recorded")));
        var act = recorded.Acts.FindIndex(act => act == "create-folder step-6.tmp");

        var error = Assert.Throws<EspalierException>(() => new FaultyLayer(act, Fault.Full).During(() => Train(_folder.Of("full"))));
        Assert.Equal(1, error.ExitCode);
        Assert.Contains("the disk is full", error.Message);
        Assert.Contains("the checkpoint of step 4 is intact; free some space and run the same command again to resume from there", error.Message);

        Assert.ThrowsAny<OperationCanceledException>(() =>
            new FaultyLayer(act, Fault.Full).During(() => Train(_folder.Of("stopped"), stopAt: 6)));
        Assert.Contains(_warnings, warning => warning.Contains("the checkpoint of step 4 is intact", StringComparison.Ordinal));

        foreach (var name in (string[])["full", "stopped"])
        {
            Train(_folder.Of(name));
            var result = RunComparison.Run(_folder.Of("recorded"), _folder.Of(name), new(Exact: true));
            Assert.True(result.First is null, $"{result.First}");
        }
    }

    [Theory]
    [InlineData(1, Steps, "all 12 steps had", "no checkpoint has had an update;")]
    [InlineData(9, Steps, "the last 4 steps, 9 to 12, had", "checkpoints/step-9;")]
    [InlineData(Steps, Steps, "step 12, the last, had", "checkpoints/step-12;")]
    public void A_training_whose_every_or_whose_last_steps_were_skipped_has_no_result(int from, int to, string steps, string checkpoint)
    {
        for (var attempt = 0; attempt < 2; attempt++)
        {
            // Started again it goes on after step 9, with the poison where it was, and says the same.
            var done = 9 * attempt;
            var error =
                Assert.Throws<NotFiniteException>(() =>
                    Train(_folder.Of("run"), poisonFrom: Math.Max(1, from - done), poisonTo: to - done, poison: double.NaN,
                        skipLimit: 100));
            Assert.Equal(1, error.ExitCode);
            Assert.StartsWith($"correct: {steps}", error.Message, StringComparison.Ordinal);
            Assert.Contains(checkpoint, error.Message, StringComparison.Ordinal);
            Assert.Contains("lower the learning rate", error.Message, StringComparison.Ordinal);
            Assert.Empty(Directory.GetFiles(_folder.Path, "stage.json", SearchOption.AllDirectories));
        }
    }

    [Fact]
    public void Skipped_steps_before_the_last_cost_only_themselves()
    {
        Train(_folder.Of("run"), poisonFrom: 3, poisonTo: Steps - 1, poison: double.NaN, skipLimit: 100);
        Assert.Single(Directory.GetFiles(_folder.Path, "stage.json", SearchOption.AllDirectories));
    }

    [Fact]
    public void Skipped_steps_behind_the_best_weights_leave_these_as_the_result()
    {
        // Every evaluation from the fourth step on finds the same weights, so the first is the best.
        Train(_folder.Of("run"), poisonFrom: 5, poisonTo: Steps, poison: double.NaN, skipLimit: 100, earlyStopping: 3);
        Assert.Single(Directory.GetFiles(_folder.Path, "stage.json", SearchOption.AllDirectories));
        var error =
            Assert.Throws<NotFiniteException>(() =>
                Train(_folder.Of("none"), poisonFrom: 1, poisonTo: Steps, poison: double.NaN, skipLimit: 100, earlyStopping: 3));
        Assert.StartsWith("correct: all 12 steps had", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Twelve steps of two windows on the tiny golden model, evaluated every fourth.</summary>
    private void Train(
        string path, int stopAt = 0, double learningRate = 3e-3, int warmUp = 2, int poisonFrom = 0, int poisonTo = 0, double poison = 0,
        int skipLimit = 10, int checkpointEvery = 3,
        bool keepAll = false, int earlyStopping = 0, Action<StageFolder>? prepare = null, Action<StageFolder>? check = null)
    {
        using var run = RunFolder.Open(path, _warnings.Add);
        using var stage = run.Stage("correct", null, new Dictionary<string, string> { ["data"] = "aa" });
        var checkpoint = stage.Begin();
        prepare?.Invoke(stage);
        using var source = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        using var model = DecoderWeights.Load(source);
        var windows = new WindowSet(TokenIds.FromList(Enumerable.Range(0, 1000).Select(i => i * i % 127), "ids", 128), 16);
        var order = SampleOrder.Sequential(windows.Count);
        using var trainer = new Trainer(model, new Poisoned(poisonFrom, poisonTo, poison), new PackedText(windows, order), new()
        {
            Steps = Steps,
            Batch = 2,
            LearningRate = learningRate,
            MinLearningRate = learningRate / 10,
            WarmUp = warmUp,
            SkipLimit = skipLimit,
        });
        using var stop = new CancellationTokenSource();
        TrainingLoop.Run(stage, checkpoint, trainer, source.Family, new()
        {
            Title = "correct",
            Steps = Steps,
            CheckpointEvery = checkpointEvery,
            EvaluateEvery = 4,
            EarlyStopping = earlyStopping,
            HeldOut = TrainingLoop.LossOn(new(TokenIds.FromList(Enumerable.Range(0, 100).Select(i => i * 5 % 127), "ids", 128), 16)),
        }, new Watch(this, step =>
        {
            // The save of the step before may still be in flight, that of the one before it is not.
            if (keepAll && step > 2)
                Keep(stage, step - 2);
            if (step > 0 && step == stopAt)
                stop.Cancel();
        }), stop.Token);
        check?.Invoke(stage);
        stage.Complete();
        stage.Checkpoints.DeleteAll();
    }

    private static void Keep(StageFolder stage, long step)
    {
        Directory.CreateDirectory(Path.Combine(stage.Checkpoints.Folder, "kept"));
        File.Copy(Path.Combine(stage.Checkpoints.Folder, $"step-{step}", "state.safetensors"),
            Path.Combine(stage.Checkpoints.Folder, "kept", $"{step}"));
    }

    /// <summary>Cross-entropy, whose gradients at some steps are not finite.</summary>
    private sealed class Poisoned(int from, int to, double poison) : Objective
    {
        private readonly LogitObjective _clean = new(new CrossEntropy());
        private int _step;

        public override string Name => _clean.Name;

        protected override ObjectiveSums AccumulateCounted(Decoder student, Batch batch, double scale)
        {
            var sum = _clean.Accumulate(student, batch, scale);
            using var scope = TensorScope.Begin();
            if (++_step >= from && _step <= to)
                student.Parameters[0].Value.Grad()!.MulInPlace(poison);
            return sum;
        }
    }

    private sealed class Watch(TrainingLoopTests test, Action<long> step) : IProgressReporter, IProgressTask
    {
        public IProgressTask Begin(string title, long total, string unit) => this;
        public void Note(string line) { }
        public void Warn(string line) => test._warnings.Add(line);
        public void Advance(long done, string? detail = null) { }
        public void Report(long done, string? detail = null) => step(done);
        public void Dispose() { }
    }
}
