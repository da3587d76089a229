using Espalier.Compression.Training.Optimizers;
using Espalier.Compression.Training.Schedules;
using Espalier.Models.Families;
using Espalier.Pipeline.Options.Training;

namespace Espalier.Pipeline.Forecasts;

/// <summary>What a training takes, from its section and a shape; a backward pass costs two forward passes.</summary>
internal static class TrainingForecast
{
    private const int Float32 = 4;

    /// <summary>Memory of a model in float32.</summary>
    public static long WeightBytes(DecoderConfig config) => Float32 * config.Parameters;

    /// <summary>
    /// Memory of a model that is trained but for what is frozen: weights, low-rank factors, gradients, the optimizer's state.
    /// </summary>
    public static long Bytes(TrainingSection training, DecoderConfig config)
    {
        var (trained, state) = Trained(training, config);
        return Float32 * (config.Parameters + (training.LoraRank is null ? 1 : 2) * trained + state);
    }

    /// <summary>Numbers that are trained, and those that the optimizer keeps for them.</summary>
    public static (long Trained, long State) Trained(TrainingSection training, DecoderConfig config)
    {
        var (trained, state, lowRank) = (0L, 0L, training.LowRank(seed: 0));
        foreach (var (parameter, shape) in FamilyCatalog.For(config.Family, "training").Parameters(config)
            .Where(named => !training.Holds(named.Parameter)).Select(named => (named.Parameter, named.Shape)))
        {
            var count = lowRank?.FactorsOf(shape[0], shape[1]) ?? shape.Aggregate(1L, (product, size) => product * size);
            (trained, state) = (trained + count,
                state + count * training.OptimizerOptions.StateOf(isHiddenMatrix: shape.Length == 2 && parameter.Layer >= 0));
        }
        return (trained, state);
    }

    /// <summary>Tokens that it sees.</summary>
    public static long Tokens(TrainingSection training, int sequence) => checked(training.Steps * training.Batch * sequence);

    /// <summary>
    /// The most that its checkpoints take: two stay and a third is written before one of them goes; where training evaluates, the best
    /// stays too.
    /// </summary>
    public static long CheckpointBytes(TrainingSection training, DecoderConfig model)
    {
        var (trained, state) = Trained(training, model);
        return (training.EvaluateEvery > 0 ? 4 : 3) * Float32 * (trained + state);
    }

    /// <summary>Steps, batch and rates in words.</summary>
    public static string Schedule(TrainingSection training) =>
        $"{training.Steps} steps of {training.Batch} windows, learning rate {Rates(training)}, {training.WarmUp} warm-up steps"
            + (training.LoraRank is { } rank ? $", LoRA of rank {rank} on {string.Join(", ", training.LoraTargets.Words)}" : "");

    private static string Rates(TrainingSection training) => training.Schedule switch
    {
        ScheduleKind.Constant => $"{training.LearningRate:0.####e-0}",
        ScheduleKind.Cosine => $"{training.LearningRate:0.####e-0} to {training.MinLearningRate:0.####e-0}",
        var other => $"{training.LearningRate:0.####e-0} to {training.MinLearningRate:0.####e-0} ({EnumName.Of(other)})",
    };
}
