using Espalier.Compression.Training.Optimizers;
using Espalier.Compression.Training.Parts;
using Espalier.Compression.Training.Schedules;

namespace Espalier.Compression.Training;

/// <summary>How a model is trained. Validated once, by <see cref="Validate"/>.</summary>
public sealed record TrainingOptions
{
    /// <summary>Optimizer steps.</summary>
    public required long Steps { get; init; }

    /// <summary>Windows of a step.</summary>
    public int Batch { get; init; } = 8;

    /// <summary>
    /// Windows of one forward and backward pass; their gradients add up to exactly the whole batch's. 0 is the whole batch at once.
    /// </summary>
    public int MicroBatch { get; init; }

    /// <summary>Highest learning rate.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>Learning rate that the schedule comes down to; a constant one does not.</summary>
    public double MinLearningRate { get; init; } = 1e-4;

    /// <summary>Warm-up steps.</summary>
    public int WarmUp { get; init; } = 10;

    /// <summary>Whether the warm-up's first step has rate zero, as Megatron and transformers count, instead of peak / warm-up.</summary>
    public bool WarmUpFromZero { get; init; }

    /// <summary>The course of the learning rate after the warm-up.</summary>
    public ScheduleKind Schedule { get; init; }

    /// <summary>Steps of the decay at the end, with <see cref="ScheduleKind.Wsd"/>; null is a tenth of the steps.</summary>
    public long? DecaySteps { get; init; }

    /// <summary>The optimizer and its settings.</summary>
    public OptimizerOptions Optimizer { get; init; } = new AdamWOptions();

    /// <summary>Whether the embedding table decays like other matrices. Norms and biases never decay.</summary>
    public bool DecayEmbedding { get; init; } = true;

    /// <summary>What stays as it is.</summary>
    public FrozenParts Freeze { get; init; } = FrozenParts.None;

    /// <summary>Low-rank factors that are trained instead of the weights, which stay frozen; null for none.</summary>
    internal LowRankOptions? LowRank { get; init; }

    /// <summary>
    /// Factor of the learning rate from one layer to the one below it (<see cref="Training.Optimizers.LayerDecay"/>); 1 for none.
    /// </summary>
    public double LayerDecay { get; init; } = 1;

    /// <summary>Whether blocks are computed twice, so that their graphs need not be kept. Changes no result.</summary>
    public bool ActivationCheckpointing { get; init; }

    /// <summary>What the products with weights are computed in. Master weights, gradients and moments are the model's own.</summary>
    public ComputeType Compute { get; init; }

    /// <summary>Global gradient norm above which gradients are scaled down; null for no clip.</summary>
    public double? Clip { get; init; } = 1.0;

    /// <summary>Steps between measurements of the update's size against the weights'; each reads the weights twice more.</summary>
    public int UpdateRatioEvery { get; init; } = 10;

    /// <summary>Steps in a row with a non-finite loss or gradient after which the run stops.</summary>
    public int SkipLimit { get; init; } = 10;

    /// <summary>How a step uses its threads; null is what <see cref="ReplicaLayout.Of"/> finds.</summary>
    internal ReplicaLayout? Layout { get; init; }

    /// <summary>Windows of one pass.</summary>
    internal int WindowsOfAPass => MicroBatch == 0 ? Batch : MicroBatch;

    /// <summary>
    /// Windows that replicas may have at once, all together, where a pass has fewer: each replica has one at least. 0 as a pass.
    /// </summary>
    internal int WindowsAtOnce { get; init; }

    /// <summary>The learning rates that the options ask for.</summary>
    internal Schedule LearningRates => Schedule switch
    {
        ScheduleKind.Linear => new LinearSchedule(LearningRate, MinLearningRate, WarmUp, Steps, WarmUpFromZero),
        ScheduleKind.Wsd =>
            new StableDecaySchedule(LearningRate, MinLearningRate, WarmUp, Steps, DecaySteps
                ?? StableDecaySchedule.DecayOf(Steps, WarmUp), WarmUpFromZero),
        ScheduleKind.Constant => new ConstantSchedule(LearningRate, WarmUp, Steps, WarmUpFromZero),
        _ => new CosineSchedule(LearningRate, MinLearningRate, WarmUp, Steps, WarmUpFromZero),
    };

    /// <summary>Checks every field; returns the options.</summary>
    /// <exception cref="EspalierException">A value that cannot work, naming the field.</exception>
    public TrainingOptions Validate()
    {
        Require(Steps >= 0, "steps", Steps, "at least 0");
        Require(Batch >= 1, "batch", Batch, "at least 1");
        Require(MicroBatch >= 0, "micro-batch", MicroBatch, "at least 0");
        Require(MicroBatch <= Batch, "micro-batch", MicroBatch, $"at most batch {Batch}");
        // Far beyond what trains anything; above it a step divided by its bias correction may leave the range of float.
        Require(LearningRate is >= 0 and <= 1e20, "learning-rate", LearningRate, "at least 0 and at most 1e20");
        Require(MinLearningRate >= 0 && MinLearningRate <= LearningRate, "min-learning-rate", MinLearningRate,
            $"between 0 and learning-rate {LearningRate}");
        Require(WarmUp >= 0, "warm-up", WarmUp, "at least 0");
        if (Schedule != ScheduleKind.Wsd && DecaySteps is not null)
            throw new EspalierException(
                $"decay-steps is {DecaySteps}, but applies only to the schedule wsd; the schedule is "
                    + $"{Schedule.ToString().ToLowerInvariant()}");
        Require(DecaySteps is null || (DecaySteps >= 1 && DecaySteps <= Steps - Math.Min(WarmUp, Steps)), "decay-steps", DecaySteps
            ?? 0, $"from 1 to the {Steps - Math.Min(WarmUp, Steps)} steps after the warm-up");
        Optimizer.Validate();
        LowRank?.Validate();
        Require(LayerDecay is > 0 and <= 1, "layer-decay", LayerDecay, "above 0 and at most 1");
        Require(Clip is null or > 0, "clip", Clip ?? 0, "above 0");
        Require(UpdateRatioEvery >= 1, "update-ratio-every", UpdateRatioEvery, "at least 1");
        Require(SkipLimit >= 1, "skip-limit", SkipLimit, "at least 1");
        return this;
    }

    private static void Require(bool holds, string field, double value, string rule)
    {
        if (!holds)
            throw new EspalierException($"{field} is {value}; it must be {rule}");
    }
}
