using System.Text.Json.Nodes;
using Espalier.Compression.Data;
using Espalier.Compression.Distillation;
using Espalier.Compression.Runs;
using Espalier.Compression.Training;
using Espalier.Models;
using Espalier.Models.Checkpoints;

namespace Espalier.Compression.Recipes.Stages;

/// <summary>A model trained in a stage: correction, distillation or pre-training, which differ in their section and teacher.</summary>
public static class TrainStage
{
    /// <summary>Trains <paramref name="start"/> and gives the folder of the result, stored in float32.</summary>
    /// <param name="run">The run.</param>
    /// <param name="name">correct, distill, pretrain.</param>
    /// <param name="resultName">The result's name in tables.</param>
    /// <param name="start">The model to begin from.</param>
    /// <param name="teacher">The teacher, where the loss needs one.</param>
    /// <param name="section">How to train.</param>
    /// <param name="data">Tokens.</param>
    /// <param name="sequence">Tokens of a window.</param>
    /// <param name="seed">Seed of the order.</param>
    /// <param name="order">Which windows when, given their number; null shuffles by the seed.</param>
    /// <param name="orderName">What the order is, for the stage's key.</param>
    public static ModelFolder Run(
        RunContext run, string name, string resultName, ModelFolder start, ModelFolder? teacher, TrainingSection section,
        TokenSets data, int sequence, long seed, Func<long, SampleOrder>? order = null, string orderName = "shuffled")
    {
        var inputs = new Dictionary<string, string> { ["start"] = start.Hash, ["data"] = data.Hash };
        if (teacher is not null && section.Loss != "cross-entropy")
            inputs["teacher"] = teacher.Hash;
        var record = run.Do(name, Options(section, data, sequence, seed, orderName), inputs, (stage, checkpoint) =>
            Train(run, name, start, teacher, section, data, sequence, order ?? (windows => SampleOrder.Shuffled(windows, seed)), stage, checkpoint));
        return new(resultName, Path.Combine(run.FolderOf(record), "model"), record.OutputHash);
    }

    /// <summary>A section as the trainer takes it.</summary>
    public static TrainingOptions OptionsOf(TrainingSection section) => new()
    {
        Steps = section.Steps,
        Batch = section.Batch,
        MicroBatch = section.MicroBatch,
        LearningRate = section.LearningRate,
        MinLearningRate = section.MinLearningRate,
        WarmUp = section.WarmUp,
        Schedule = section.Schedule,
        DecaySteps = section.DecaySteps,
        Optimizer = new(section.Beta1, section.Beta2, WeightDecay: section.WeightDecay),
        Clip = section.Clip,
        Freeze = section.Freeze,
        LayerDecay = section.LayerDecay,
        Compute = section.Compute.Here(),
        ActivationCheckpointing = section.ActivationCheckpointing,
    };

    private static JsonObject Train(
        RunContext run, string name, ModelFolder start, ModelFolder? teacher, TrainingSection section,
        TokenSets data, int sequence, Func<long, SampleOrder> order, StageFolder stage, SavedCheckpoint? checkpoint)
    {
        using var source = start.Open();
        using var model = DecoderWeights.Load(source);
        LogitLoss loss = section.Loss == "cross-entropy" ? new CrossEntropy() : new ForwardKl(section.Temperature);
        using var guide = loss.NeedsTeacher
            ? (teacher ?? throw new EspalierException($"{name}: loss {section.Loss} needs a teacher")).Load()
            : null;
        guide?.Compute = section.Compute.Here();
        if (guide is not null && guide.Config.VocabularySize != model.Config.VocabularySize)
            throw new EspalierException(
                $"{teacher!.Path} has a vocabulary of {guide.Config.VocabularySize} and {start.Path} one of {model.Config.VocabularySize}: distillation on logits needs the same tokenizer");

        var windows = new WindowSet(data.Train, sequence, boundaries: data.Boundaries);
        using var trainer = new Trainer(model, new LogitObjective(loss, guide is null ? null : new OnlineTeacher(guide)), new BatchReader(windows, order(windows.Count)), OptionsOf(section));
        if (section.EarlyStopping > 0 && (data.HeldOut is null || section.EvaluateEvery == 0))
            throw new EspalierException($"{name}: early-stopping is {section.EarlyStopping} and looks at held-out loss, but {(data.HeldOut is null ? "nothing is held out; hold out a share" : "evaluate-every is 0; give steps between evaluations")}");
        var end = TrainingStage.Run(stage, checkpoint, trainer, source.Family, new()
        {
            Title = name,
            Steps = section.Steps,
            CheckpointEvery = section.CheckpointEvery,
            EvaluateEvery = section.EvaluateEvery,
            EarlyStopping = section.EarlyStopping,
            FlopsPerToken = 3 * model.Config.ForwardFlopsPerToken(sequence) + (guide?.Config.ForwardFlopsPerToken(sequence) ?? 0),
            HeldOut = section.EvaluateEvery > 0 && data.HeldOut is { } heldOut ? new WindowSet(heldOut, sequence, WindowStride.Contiguous) : null,
        }, run.Progress, run.Stop);
        CheckpointWriter.Write(stage.PathOf("model"), model.Config, source, ElementType.F32, DecoderWeights.Source(model, source.Family), cancellation: run.Stop);
        var result = new JsonObject
        {
            ["steps"] = end.Step,
            ["tokens"] = end.Tokens,
            ["skipped_steps"] = end.SkippedSteps,
        };
        if (section.EarlyStopping > 0)
            result["best_step"] = trainer.State.Step;
        return result;
    }

    private static JsonObject Options(TrainingSection section, TokenSets data, int sequence, long seed, string order)
    {
        var options = new JsonObject
        {
            ["loss"] = section.Loss,
            ["temperature"] = section.Temperature,
            ["steps"] = section.Steps,
            ["batch"] = section.Batch,
            ["micro_batch"] = section.MicroBatch,
            ["learning_rate"] = section.LearningRate,
            ["min_learning_rate"] = section.MinLearningRate,
            ["warm_up"] = section.WarmUp,
            ["weight_decay"] = section.WeightDecay,
            ["betas"] = new JsonArray(section.Beta1, section.Beta2),
            ["clip"] = section.Clip,
            ["evaluate_every"] = section.EvaluateEvery,
            ["sequence"] = sequence,
            ["seed"] = seed,
            ["order"] = order,
        };
        AddWhatDiffers(options, section);
        if (data.Boundaries is not null)
            options["documents"] = "separate";
        return options;
    }

    /// <summary>A field that came later is there only where it is not the default, so that the keys of older run folders stay what they were.</summary>
    private static void AddWhatDiffers(JsonObject options, TrainingSection section)
    {
        if (section.Schedule != ScheduleKind.Cosine)
            options["schedule"] = section.Schedule.ToString().ToLowerInvariant();
        if (section.Schedule == ScheduleKind.Wsd)
            options["decay_steps"] = section.DecaySteps ?? StableDecaySchedule.DecayOf(section.Steps);
        if (section.Schedule == ScheduleKind.Constant)
            options.Remove("min_learning_rate");
        // Auto stands for what it comes to here: a run that goes on elsewhere must not mix the two.
        if (section.Compute.Here() == ComputeType.Bfloat16)
            options["compute"] = "bfloat16";
        if (section.EarlyStopping > 0)
            options["early_stopping"] = section.EarlyStopping;
        if (!section.Freeze.IsEmpty)
            options["freeze"] = string.Join(", ", section.Freeze.Words);
        if (section.LayerDecay != 1)
            options["layer_decay"] = section.LayerDecay;
    }
}
