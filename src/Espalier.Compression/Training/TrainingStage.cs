using System.Text.Json.Nodes;
using Espalier.Compression.Data;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Runs;
using Espalier.Models.Families;

namespace Espalier.Compression.Training;

/// <summary>What a training stage does beside training.</summary>
public sealed record TrainingStageOptions
{
    /// <summary>Name for progress: correct, distill, pretrain.</summary>
    public required string Title { get; init; }

    /// <summary>Steps in all.</summary>
    public required long Steps { get; init; }

    /// <summary>Steps between checkpoints; 0 for none but the one at an interruption.</summary>
    public long CheckpointEvery { get; init; } = 50;

    /// <summary>Steps between evaluations on <see cref="HeldOut"/>; 0 for none.</summary>
    public long EvaluateEvery { get; init; }

    /// <summary>Held-out windows, or null.</summary>
    public WindowSet? HeldOut { get; init; }

    /// <summary>Evaluations in a row without a new best after which training ends; the result is then the best weights, however it ended. 0 for never.</summary>
    public int EarlyStopping { get; init; }

    /// <summary>Floating-point operations that training on a token takes, teacher included; 0 where nobody knows.</summary>
    public double FlopsPerToken { get; init; }
}

/// <summary>
/// Runs a trainer inside a stage's folder: goes on from the newest whole checkpoint, writes metrics and timing, saves in the background, and saves once more
/// when it is asked to stop. Killed anywhere, run again, it ends with the same bits.
/// </summary>
public static class TrainingStage
{
    /// <summary>Bytes of optimizer state and weights a parameter: weight, m and v in float32.</summary>
    private const int BytesOfAParameter = 12;

    /// <summary>Trains to the end, from a checkpoint where there is one. The caller begins and completes the stage.</summary>
    /// <returns>Where the loop stood at its end; the model is that of an earlier step where the best weights were put back.</returns>
    /// <exception cref="OperationCanceledException">Asked to stop; the state is saved.</exception>
    public static LoopState Run(StageFolder stage, SavedCheckpoint? checkpoint, Trainer trainer, Family family, TrainingStageOptions options, IProgressReporter progress, CancellationToken stop)
    {
        var model = trainer.Model;
        DiskSpace.Require(stage.Path, (options.EarlyStopping > 0 ? 5 : 4) * BytesOfAParameter * model.Config.Parameters, "the checkpoints and the model");
        if (checkpoint is not null)
        {
            TrainerCheckpoint.Restore(trainer, family, checkpoint);
            progress.Note($"{options.Title}: going on from step {checkpoint.Step}");
        }

        var stopping = options.EarlyStopping > 0 ? Heard(stage, options.EarlyStopping) : null;
        if (stopping is { IsOver: true })
            trainer.Finish();
        var speed = options.FlopsPerToken > 0 ? MatrixSpeed.Measure() : double.PositiveInfinity;
        using var saver = new BackgroundSaver(stage.Checkpoints);
        using var bestSaver = new BackgroundSaver(stage.BestCheckpoints);
        using var task = progress.Begin(options.Title, options.Steps, "steps");
        task.Report(trainer.State.Step);
        trainer.Every(1, report =>
        {
            stage.Metrics.Append(report.Step,
            [
                ("loss", report.Loss), .. report.Parts.Select(part => ($"loss_{part.Name}", (JsonNode?)part.Value)), ("gradient_norm", report.GradientNorm),
                ("learning_rate", report.LearningRate), .. report.UpdateRatio is { } ratio ? [("update_ratio", (JsonNode?)ratio)] : Array.Empty<(string, JsonNode?)>(), ("tokens", trainer.State.Tokens), ("skipped", report.Skipped),
                // A step that was skipped says what it saw.
                .. report.Skipped ? [("windows", (JsonNode?)new JsonArray([.. trainer.WindowsOf(report.Step - 1).Select(window => (JsonNode)window)]))] : Array.Empty<(string, JsonNode?)>(),
            ]);
            stage.Timing.Append(report.Step,
            [
                ("seconds", report.Seconds), ("tokens_per_second", report.Tokens / report.Seconds), ("resident_bytes", Environment.WorkingSet),
                .. double.IsFinite(speed) ? [("mfu", (JsonNode?)(options.FlopsPerToken * report.Tokens / report.Seconds / speed))] : Array.Empty<(string, JsonNode?)>(),
            ]);
            if (report.Skipped)
                progress.Warn($"{options.Title}: step {report.Step} skipped, its loss is {report.Loss} and its gradient norm {report.GradientNorm}");
            task.Report(report.Step, $"loss {report.Loss:0.000}, {report.Tokens / report.Seconds:0} tokens/s");
        });
        if (options.HeldOut is { } heldOut)
            trainer.Every(options.EvaluateEvery, report =>
            {
                var result = PerplexityEvaluator.Run(model, heldOut, null, 8, NullProgress.Instance, stop: stop);
                stage.Metrics.Append(report.Step, ("held_out_nll", result.Nll), ("held_out_nll_se", result.NllStandardError));
                if (stopping?.Hear(report.Step, result.Nll) == true)
                    bestSaver.Save(report.Step, TrainerCheckpoint.Snapshot(trainer, family));
                if (stopping is { IsOver: true })
                    trainer.Finish();
            });
        trainer.Every(options.CheckpointEvery, report =>
        {
            if (report.Step < options.Steps)
                Save(report.Step);
        });

        try
        {
            trainer.Run(stop);
            saver.Wait();
            bestSaver.Wait();
        }
        catch (OperationCanceledException) when (trainer.State.Step > 0)
        {
            Save(trainer.State.Step);
            saver.Wait();
            progress.Note($"{options.Title}: saved at step {trainer.State.Step}; the same command goes on from there");
            throw;
        }
        var end = trainer.State;
        if (stopping?.BestStep is { } best && best != end.Step)
        {
            // The seam to a store that keeps the best of its own: whatever gives the checkpoint of that step.
            var kept = stage.BestCheckpoints.OpenLatest(progress.Warn);
            if (kept?.Step != best)
                throw new EspalierException($"{stage.BestCheckpoints.Folder}: the best weights, of step {best}, are not there or damaged; delete {stage.Path} and start again") { ExitCode = 1 };
            TrainerCheckpoint.Restore(trainer, family, kept);
            progress.Note($"{options.Title}: {(end.Step < options.Steps ? $"stopped at step {end.Step}, " : "")}the best held-out loss was that of step {best}, whose weights are the result");
        }
        return end;

        void Save(long step)
        {
            // A checkpoint vouches for the losses up to it: the best of them must be on the disk first.
            bestSaver.Wait();
            saver.Save(step, TrainerCheckpoint.Snapshot(trainer, family));
        }
    }

    /// <summary>What the losses up to the checkpoint decide.</summary>
    private static EarlyStopping Heard(StageFolder stage, int patience)
    {
        var stopping = new EarlyStopping(patience);
        foreach (var line in MetricsLines.Read(stage.Metrics.Path))
            if (line.Fields["held_out_nll"] is { } loss)
                stopping.Hear(line.Step, loss.GetValueKind() == System.Text.Json.JsonValueKind.Number ? (double)loss : double.NaN);
        return stopping;
    }
}
