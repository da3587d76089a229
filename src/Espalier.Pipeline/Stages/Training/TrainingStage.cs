using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Optimizers;
using Espalier.Compression.Training.Profiling;
using Espalier.Compression.Training.Saving;
using Espalier.Compression.Training.Schedules;
using Espalier.Compression.Training.Speeds;
using Espalier.Models.Checkpoints;
using Espalier.Models.Families;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Training;

/// <summary>
/// A model trained in a stage: correction, distillation or pre-training, which differ in their section and teacher. The result is stored in
/// float32.
/// </summary>
internal abstract class TrainingStage(ModelSlot start, string result, TrainingSection section, Slot<TokenSets> data, int sequence,
    long seed) : Stage
{
    /// <summary>The result.</summary>
    public ModelSlot Trained { get; } = new(result, start.Planned, ElementType.F32);

    /// <summary>Which windows when, given their number; by default shuffled by the seed.</summary>
    public Func<long, SampleOrder> Order { get; init; } = windows => data.Value.Shuffled(windows, seed);

    /// <summary>What the order is, for the stage's key.</summary>
    public string OrderName { get; init; } = "shuffled";

    /// <summary>What the products with weights are computed in where the held-out loss is measured.</summary>
    public ComputeType HeldOutCompute { get; init; }

    /// <summary>Its metrics.jsonl; null before it ran.</summary>
    public string? Metrics { get; private set; }

    /// <summary>The teacher, or a folder of a cache that stands for it; null where the loss needs none.</summary>
    private protected virtual Slot<ModelFolder>? Teacher => null;

    /// <summary>How the teacher is corrected meanwhile; null where it is not.</summary>
    private protected virtual TrainingSection? Correction => null;

    private protected ModelSlot Start => start;

    private protected long Seed => seed;

    private protected TrainingSection Section => section;

    private protected int Sequence => sequence;

    // Of this run: the folder does not keep every window's loss.
    private KnownLoss? _heldOut;

    private bool UsesTeacher => Teacher is not null && section.NeedsTeacher;

    internal override IEnumerable<DiskForecast> Disk() =>
        [new(StageForecast.TitleOf($"checkpoints of {Name}", Cycle, Round),
            TrainingForecast.CheckpointBytes(section, start.Planned), Title)];

    /// <summary>Refuses a disk that has no room for it, unless it was done before: a look before anything is computed.</summary>
    internal void RequireRoom(RunContext run)
    {
        if (run.RecordOf(Identity) is not null)
            return;
        var (trained, state) = TrainingForecast.Trained(section, start.Planned);
        TrainingLoop.RequireRoom(run.Folder.Path, section.EvaluateEvery > 0 && data.Value.HeldOut is not null, trained, state,
            start.Planned.Parameters);
    }
    protected override IEnumerable<(string Name, string Hash)> Inputs()
    {
        yield return ("start", start.Value.Hash);
        yield return ("data", data.Value.Hash);
        if (UsesTeacher)
            yield return (section.Cache is null ? "teacher" : "cache", Teacher!.Value.Hash);
    }
    protected override JsonObject Options()
    {
        var options = Options(section, data.Value, sequence, seed, OrderName);
        // Where nothing is measured, it shapes nothing.
        if (HeldOutCompute != ComputeType.Float32 && section.EvaluateEvery > 0 && data.Value.HeldOut is not null)
            options["held_out_compute"] = EnumName.Of(HeldOutCompute);
        if (Correction is { } correction)
            options["teacher_learning_rate"] = correction.LearningRate;
        return options;
    }
    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        run.BeginTraining(folder.Key);
        using var source = start.Value.Open();
        using var model = DecoderWeights.Load(source);
        using var open = TeacherOf(run, Name, start.Value, Teacher?.Value, section);
        if (section.Compute != ComputeChoice.Float32)
            run.Progress.Note(
                $"{Name}: products are computed in "
                    + $"{(section.Compute.Here() == ComputeType.Bfloat16 ? "bfloat16" : "float32, as this processor has no bfloat16 units")}");
        var (found, heldOut) = Fit(
            run, Name, model, source.Family, open, section, Correction, data.Value, sequence, seed, Order, folder, checkpoint,
            HeldOutCompute);
        _heldOut = heldOut is null ? null : new(data.Value.Hash, sequence, HeldOutCompute, heldOut);
        Write(run, folder, ModelName, source, model, section);
        if (Correction is not null && open?.Model is { } corrected)
            using (var original = Teacher!.Value.Open())
                Write(run, folder, TeacherName, original, corrected, section.OfAllWeights);
        return found;
    }
    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        RequireUpdates(record, folder);
        Trained.Value = new(result, Path.Combine(folder, ModelName), record.OutputHash) { HeldOut = _heldOut };
        Metrics = Path.Combine(folder, RunLayout.Metrics);
    }

    /// <summary>Folder of the teacher that was corrected while a student was trained, inside the stage's.</summary>
    private protected const string TeacherName = "teacher";

    private protected void Write(RunContext run, StageFolder folder, string name, Checkpoint source, Decoder model, TrainingSection how)
    {
        run.Folder.RequireHeld();
        CheckpointWriter.Write(folder.PathOf(name), model.Config, source, ElementType.F32, DecoderWeights.Source(model, source.Family),
            cancellation: run.Stop);
        using var written = Checkpoint.Open(folder.PathOf(name));
        using var check = new SanityCheck(Name, folder, source, written);
        check.Shape(source.Config);
        check.Reloaded(model);
        if (how.Held is { } held)
            check.Same(how.Holds, $"{held} are");
    }

    /// <summary>Early builds took a training for done in which every step had been skipped.</summary>
    private void RequireUpdates(StageRecord record, string folder)
    {
        if ((long?)record.Result["skipped_steps"] is > 0 and var skipped && skipped == (long?)record.Result["steps"])
            throw new EspalierException(
                $"{Name}: {folder} comes from an earlier version, and all of its {skipped} steps were skipped because of a non-finite "
                    + "loss or gradient: there is no trained model; lower the learning rate, or check the data")
            { ExitCode = 1 };
    }

    /// <summary>A section as the trainer takes it.</summary>
    /// <param name="section">The section.</param>
    /// <param name="sequence">Tokens of a window.</param>
    /// <param name="seed">Seed of what a training makes itself, such as low-rank factors.</param>
    public static TrainingOptions OptionsOf(TrainingSection section, int sequence, long seed) => new()
    {
        Steps = section.Steps,
        Batch = section.Batch,
        MicroBatch = section.WindowsOfAPass(sequence),
        WindowsAtOnce = section.WindowsAtOnce(sequence),
        LearningRate = section.LearningRate,
        MinLearningRate = section.MinLearningRate,
        WarmUp = section.WarmUp,
        Schedule = section.Schedule,
        DecaySteps = section.DecaySteps,
        Optimizer = section.OptimizerOptions,
        Clip = section.Clip,
        Freeze = section.Freeze,
        LowRank = section.LowRank(seed),
        LayerDecay = section.LayerDecay,
        Compute = section.Compute.Here(),
        ActivationCheckpointing = section.ActivationCheckpointing,
    };

    /// <summary>Refuses a batch that would hold a window twice.</summary>
    /// <param name="section">How to train.</param>
    /// <param name="windows">Windows of the data.</param>
    /// <param name="name">The section, for the error; null where there is one alone.</param>
    /// <exception cref="EspalierException">The batch has more windows than the data.</exception>
    public static void CheckBatch(TrainingSection section, long windows, string? name = null)
    {
        if (section.Batch > windows)
            throw new EspalierException(
                $"{(name is null ? "" : $"{name}: ")}batch is {section.Batch} windows, but the "
                    + $"data has {windows}: use a smaller batch, shorter windows or more text");
    }

    /// <summary>The teacher that a section's losses ask, opened; null where they ask none.</summary>
    internal static OpenTeacher? TeacherOf(RunContext run, string name, ModelFolder start, ModelFolder? teacher, TrainingSection section)
    {
        if (!section.NeedsTeacher)
            return null;
        var open =
            OpenTeacher.Of(teacher
                ?? throw new EspalierException($"{name}: loss {section.Loss} needs a teacher"), start, section, run.Progress);
        open.Model?.Compute = section.Compute.Here();
        return open;
    }

    /// <summary>
    /// Trains a loaded model inside a stage that was begun; what came of it, for the stage's record, and the loss on held-out windows of
    /// the model as it ends, where the training has found it out. <paramref name="begun"/> may put a
    /// trainer that has no checkpoint where another one stood, <paramref name="ended"/> sees where it ends.
    /// </summary>
    internal static (JsonObject Record, PerplexityResult? HeldOut) Fit(
        RunContext run, string name, Decoder model, Family family, OpenTeacher? open, TrainingSection section, TrainingSection? correction,
        TokenSets data, int sequence, long seed, Func<long, SampleOrder> order, StageFolder stage, SavedCheckpoint? checkpoint,
        ComputeType heldOutCompute = ComputeType.Float32, Action<Trainer>? begun = null, Action<Trainer>? ended = null)
    {
        var loss = LossSpec.Parse(section.Loss).Make(section.Temperature, section.TemperatureSquared);
        using var hidden = section.Hidden is null ? null : new HiddenStateLoss(section.Hidden, open!.Config!, model.Config, (ulong)seed);
        var balance = section.BalanceOf(model.Config);
        Objective objective = correction is not null && open?.Model is { } live
            ? new ParallelCorrection(live, correction.LearningRate / section.LearningRate,
                learning => new LogitObjective(loss, open.Aligned(learning), hidden, balance))
            : new LogitObjective(loss, open?.Teacher, hidden, balance);

        var windows = new WindowSet(data.Train, sequence, boundaries: data.Boundaries);
        CheckBatch(section, windows.Count, name);
        return Train(run, name, model, family, objective, new PackedText(windows, order(windows.Count)), section, seed,
            StepOperations.Of(model.Config, open?.Config, learns: correction is not null, sequence),
            data.HeldOut is { } heldOut ? TrainingLoop.LossOn(new(heldOut, sequence, WindowStride.Contiguous), heldOutCompute)
                : null, stage, checkpoint, begun,
            ended);
    }

    /// <summary>
    /// Trains a loaded model by an objective inside a stage that was begun; what came of it, for the stage's record, and the loss on what
    /// is held out of the model as it ends, where the training has found it out.
    /// </summary>
    private protected static (JsonObject Record, PerplexityResult? HeldOut) Train(
        RunContext run, string name, Decoder model, Family family, Objective objective, IBatchSource source, TrainingSection section,
        long seed, StepOperations operations, Func<Decoder, CancellationToken, PerplexityResult>? heldOut, StageFolder stage,
        SavedCheckpoint? checkpoint,
        Action<Trainer>? begun = null, Action<Trainer>? ended = null)
    {
        if (section.EarlyStopping > 0 && (heldOut is null || section.EvaluateEvery == 0))
            throw new EspalierException(
                $"{name}: early-stopping is {section.EarlyStopping} and needs a held-out loss, but "
                    + $"{(heldOut is null ? "nothing is held out; hold out a share" : "evaluate-every is 0; set the steps between evaluations")}");
        JsonObject result;
        PerplexityResult? heldOutLoss;
        using (var trainer = new Trainer(model, objective, source, OptionsOf(section, source.Sequence, seed)))
        {
            if (checkpoint is null)
                begun?.Invoke(trainer);
            trainer.Profiler = run.ProfilesSteps ? new(operations) : null;
            (var end, heldOutLoss) = TrainingLoop.Run(stage, checkpoint, trainer, family, new()
            {
                Title = name,
                Steps = section.Steps,
                CheckpointEvery = section.CheckpointEvery,
                EvaluateEvery = section.EvaluateEvery,
                EarlyStopping = section.EarlyStopping,
                FlopsPerToken = operations.Total,
                HeldOut = section.EvaluateEvery > 0 ? heldOut : null,
            }, run.Progress, run.Stop);
            if (trainer.Profiler?.Report(name, MatrixSpeed.Measure()) is { } profile)
                run.Profiles.Add(profile);
            ended?.Invoke(trainer);
            result = new()
            {
                ["steps"] = end.Step,
                ["tokens"] = end.Tokens,
                ["skipped_steps"] = end.SkippedSteps,
            };
            if (section.EarlyStopping > 0)
                result["best_step"] = trainer.State.Step;
        }
        if (section.LoraRank is null)
            return (result, heldOutLoss);
        model.MergeAdapters();
        // It was found out with the factors beside the weights, and in one it may have other last bits.
        return (result, null);
    }

    internal static JsonObject Options(TrainingSection section, TokenSets data, int sequence, long seed, string order)
    {
        var options = section.StageOptions(sequence);
        (options["sequence"], options["seed"], options["order"]) = (sequence, seed, order);
        if (data.Boundaries is not null)
            options["documents"] = "separate";
        return options;
    }
}
