using System.Diagnostics;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Optimizers;
using Espalier.Compression.Training.Saving;
using Espalier.Compression.Training.Speeds;
using Espalier.Models.Families;
using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Stages.Training;

/// <summary>What a training stage does beside training.</summary>
internal sealed record TrainingLoopOptions
{
    /// <summary>Name for progress: correct, distill, pretrain.</summary>
    public required string Title { get; init; }

    /// <summary>Steps in all.</summary>
    public required long Steps { get; init; }

    /// <summary>Steps between checkpoints; 0 for none but the one at an interruption.</summary>
    public long CheckpointEvery { get; init; } = 50;

    /// <summary>Steps between evaluations on <see cref="HeldOut"/>; 0 for none.</summary>
    public long EvaluateEvery { get; init; }

    /// <summary>Finds out the loss on what is held out; null where nothing is.</summary>
    public Func<Decoder, CancellationToken, PerplexityResult>? HeldOut { get; init; }

    /// <summary>
    /// Evaluations in a row without a new best after which training ends; the result is then the best weights, however it ended. 0 for
    /// never.
    /// </summary>
    public int EarlyStopping { get; init; }

    /// <summary>Floating-point operations that training on a token takes, teacher included; 0 where nobody knows.</summary>
    public double FlopsPerToken { get; init; }
}

/// <summary>Where a training ended.</summary>
/// <param name="State">Where the loop stood; the model is that of an earlier step where the best weights were put back.</param>
/// <param name="HeldOut">
/// The loss on all held-out windows of the model as it ends; null where its last evaluation was of other weights, or before this run.
/// </param>
internal sealed record TrainingEnd(LoopState State, PerplexityResult? HeldOut);

/// <summary>
/// Runs a trainer inside a stage's folder: goes on from the newest whole checkpoint, writes metrics and timing, saves in the background,
/// and saves once more when it is asked to stop. Killed anywhere, run again, it ends with the same bits.
/// </summary>
internal static class TrainingLoop
{
    /// <summary>Bytes of a number, in checkpoints and in the model that is written.</summary>
    private const int Float32 = 4;

    /// <summary>How long the machine is looked at before a run says that it is starved.</summary>
    private static readonly TimeSpan s_judged = TimeSpan.FromSeconds(10);

    /// <summary>Refuses a disk without room for the checkpoints that are there at once, and the model.</summary>
    /// <param name="folder">Where they will be.</param>
    /// <param name="evaluates">Whether the best stays too.</param>
    /// <param name="trained">Numbers that are trained.</param>
    /// <param name="state">Numbers that the optimizer keeps for them.</param>
    /// <param name="written">Numbers of the models that are written.</param>
    public static void RequireRoom(string folder, bool evaluates, long trained, long state, long written) => DiskSpace.Require(
        folder, Float32 * ((evaluates ? 4 : 3) * (trained + state) + written),
        $"{(evaluates ? "four" : "three")} checkpoints and the model");

    /// <summary>The loss on windows of text, with products in a type.</summary>
    public static Func<Decoder, CancellationToken, PerplexityResult> LossOn(WindowSet windows, ComputeType compute = ComputeType.Float32) =>
        (model, stop) => PerplexityEvaluator.Run(model, windows, null, 8, NullProgress.Instance, compute: compute, stop: stop);

    /// <summary>Trains to the end, from a checkpoint where there is one. The caller begins and completes the stage.</summary>
    /// <exception cref="OperationCanceledException">Asked to stop; the state is saved.</exception>
    /// <exception cref="EspalierException">
    /// Exit code 1: too many steps in a row were skipped, all of them, or those up to the end.
    /// </exception>
    public static TrainingEnd Run(StageFolder stage, SavedCheckpoint? checkpoint, Trainer trainer, Family family,
        TrainingLoopOptions options, IProgressReporter progress, CancellationToken stop)
    {
        var model = trainer.Model;
        var evaluates = options is { HeldOut: not null, EvaluateEvery: > 0 };
        TrainedParameter[] parameters = [.. trainer.Sets.SelectMany(set => set.Parameters)];
        RequireRoom(
            stage.Path, evaluates, parameters.Sum(parameter => parameter.Value.ElementCount),
            Enumerable.Range(0, parameters.Length).Sum(i => trainer.Optimizer.StateOf(i).Sum(kept => kept.Value.ElementCount)),
            model.Config.Parameters + trainer.Sets.Skip(1).SelectMany(set => set.Parameters).Sum(p => p.Value.ElementCount));
        if (checkpoint is not null)
        {
            TrainerCheckpoint.Restore(trainer, family, checkpoint);
            progress.Note($"{options.Title}: resuming from step {checkpoint.Step}");
        }

        var stopping = StoppingOf(stage, options.EarlyStopping);
        stage.Checkpoints.BestStep = stopping.BestStep;
        stage.Checkpoints.OpenBest(progress.Warn);
        if (stopping.IsOver)
            trainer.Finish();
        var speed = options.FlopsPerToken > 0 ? MatrixSpeed.Measure() : double.PositiveInfinity;
        using var saver = new BackgroundSaver(stage.Checkpoints);
        var snapshots = new SnapshotMemory();
        using var task = progress.Begin(options.Title, options.Steps, "steps");
        task.Report(trainer.State.Step);
        // Over the same time as the task's own rate, evaluations and saves included: tokens/s times s a step are the tokens of a step.
        var (begun, before) = (Stopwatch.GetTimestamp(), trainer.State.Tokens);
        var (wait, hasWarned) = (new ProcessorWait(s_judged), false);
        wait.Look();
        trainer.Every(1, report =>
        {
            stage.Metrics.Append(report.Step, Fields(report, trainer));
            stage.Timing.Append(report.Step,
            [
                ("seconds", report.Seconds), ("tokens_per_second", report.Tokens / report.Seconds),
                ("resident_bytes", Environment.WorkingSet),
                .. double.IsFinite(speed) ? [("mfu", (JsonNode?)(options.FlopsPerToken * report.Tokens / report.Seconds / speed))]
                    : Array.Empty<(string, JsonNode?)>(),
            ]);
            stage.Board.Append(report.Step, ("loss", report.Loss), ("gradient_norm", report.GradientNorm),
                ("learning_rate", report.LearningRate),
                ("tokens_per_second", report.Tokens / report.Seconds));
            if (report.Skipped)
                progress.Warn(
                    $"{options.Title}: step {report.Step} skipped: its loss is {report.Loss} and its gradient norm "
                        + $"{report.GradientNorm} (windows {string.Join(", ", trainer.WindowsOf(report.Step - 1))})");
            if (!hasWarned && wait.Look() is > ProcessorWait.Starved and var waited)
            {
                hasWarned = true;
                progress.Warn(Starved(options.Title, waited));
            }
            task.Report(report.Step, $"loss {report.Loss:0.000}, "
                + $"{(trainer.State.Tokens - before) / Stopwatch.GetElapsedTime(begun).TotalSeconds:0} tokens/s");
        });
        var saved = checkpoint?.Step;
        (long Step, PerplexityResult Result)? evaluated = null;
        if (evaluates)
            trainer.Every(options.EvaluateEvery, report => Evaluate(report.Step));
        trainer.Every(options.CheckpointEvery, report =>
        {
            if (report.Step < options.Steps && report.Step != saved)
                Save(report.Step);
        });

        try
        {
            // Stopped in the midst of an evaluation, the run before saved the step and not the evaluation.
            if (evaluates && checkpoint is { Step: > 0 } && checkpoint.Step % options.EvaluateEvery == 0
                && HeldOutLoss.Last(stage.Metrics.Path) != checkpoint.Step)
                Evaluate(checkpoint.Step);
            trainer.Run(stop);
            saver.Wait();
        }
        catch (NotFiniteException error)
        {
            if (saver.LetEnd() is { } refused)
                progress.Warn($"{options.Title}: {refused.Message}");
            throw SkippedSteps.Stopped(options.Title, error, trainer.State, stage);
        }
        catch (OperationCanceledException) when (trainer.State.Step > 0)
        {
            // A disk that refuses changes nothing about who asked for the end.
            try
            {
                if (trainer.State.Step != saved)
                    Save(trainer.State.Step);
                saver.Wait();
                progress.Note($"{options.Title}: saved at step {trainer.State.Step}");
            }
            catch (Exception error) when (RefusedByDisk.Is(error))
            {
                progress.Warn(RefusedByDisk.Line(options.Title, error, stage.Checkpoints));
            }
            throw;
        }
        catch (Exception error) when (RefusedByDisk.Is(error))
        {
            // What else the disk refuses meanwhile is the same news.
            saver.LetEnd();
            var line = RefusedByDisk.Line(options.Title, error, stage.Checkpoints);
            if (!stop.IsCancellationRequested)
                throw new EspalierException(line, error) { ExitCode = 1 };
            progress.Warn(line);
            throw new OperationCanceledException(line, error, stop);
        }

        var end = trainer.State;
        if (options.EarlyStopping > 0 && stopping.BestStep is { } best && best != end.Step)
        {
            var kept = stage.Checkpoints.OpenBest(progress.Warn)
                ?? throw new EspalierException(
                    $"{stage.Checkpoints.Folder}: the best weights, of step {best}, are "
                        + $"missing or damaged; delete {stage.Path} and start again")
                { ExitCode = 1 };
            TrainerCheckpoint.Restore(trainer, family, kept);
            progress.Note(
                $"{options.Title}: {(end.Step < options.Steps ? $"stopped at step {end.Step}, " : "")}the best held-out loss was at "
                    + $"step {best}, whose weights are the result");
        }
        SkippedSteps.RequireResult(options.Title, end, trainer.State, stage);
        return new(end, evaluated is { } last && last.Step == trainer.State.Step ? last.Result : null);

        void Save(long step, bool isBest = false)
        {
            // What is being written lies in the memory that the next snapshot uses.
            saver.Wait();
            saver.Save(step, TrainerCheckpoint.Snapshot(trainer, family, snapshots), isBest);
            saved = step;
        }

        void Evaluate(long step)
        {
            var result = options.HeldOut!(model, stop);
            evaluated = (step, result);
            stage.Metrics.Append(step, ("held_out_nll", result.Nll), ("held_out_nll_se", result.NllStandardError));
            stage.Board.Append(step, ("held_out_nll", result.Nll));
            // The best weights are kept, whatever comes later.
            if (stopping.Observe(step, result.Nll))
                Save(step, isBest: true);
            if (stopping.IsOver)
                trainer.Finish();
        }
    }

    private static string Starved(string title, double waited) => string.Create(CultureInfo.InvariantCulture,
        $"{title}: other programs keep the processors busy: this program's threads spend {waited:0%} of their time waiting for one; ")
        + (TorchRuntime.Threads > 1 ? "stop those programs, or start again with fewer --threads, which changes the last bits of results"
            : "stop those programs, or allow more time");

    private static (string Name, JsonNode? Value)[] Fields(StepReport report, Trainer trainer)
    {
        List<(string, JsonNode?)> fields =
        [
            ("loss", report.Loss), .. report.Parts.Select(part => (trainer.Objective.MetricOf(part.Name), (JsonNode?)part.Value)),
            ("gradient_norm", report.GradientNorm),
            ("learning_rate", report.LearningRate), .. report.UpdateRatio is { } ratio ? [("update_ratio", (JsonNode?)ratio)]
                : Array.Empty<(string, JsonNode?)>(), ("tokens", trainer.State.Tokens), ("skipped", report.Skipped),
        ];
        // A step that was skipped says what it saw.
        if (report.Skipped)
            fields.Add(("windows", new JsonArray([.. trainer.WindowsOf(report.Step - 1).Select(window => JsonValue.Create(window))])));
        return [.. fields];
    }

    /// <summary>What the losses up to the checkpoint decide.</summary>
    private static EarlyStopping StoppingOf(StageFolder stage, int patience)
    {
        var stopping = new EarlyStopping(patience);
        foreach (var (step, nll) in HeldOutLoss.All(stage.Metrics.Path))
            stopping.Observe(step, nll);
        return stopping;
    }
}
