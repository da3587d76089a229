using Espalier.Compression.Training;
using Espalier.Models;
using Espalier.Models.Families;
using Espalier.Pipeline.Options;

namespace Espalier.Pipeline.Forecasts;

/// <summary>What a training takes, from its section and a shape; a backward pass costs two forward passes.</summary>
internal static class TrainingForecast
{
    private const int Float32 = 4;

    // Weight, gradient and two moments; weight and two moments.
    private const int Trained = 16, Saved = 12;

    /// <summary>Memory of a model in float32.</summary>
    public static long WeightBytes(DecoderConfig config) => Float32 * config.Parameters;

    /// <summary>Memory of a model all of which is trained.</summary>
    public static long AllBytes(DecoderConfig config) => Trained * config.Parameters;

    /// <summary>Memory of a model that is trained but for what is frozen.</summary>
    public static long Bytes(TrainingSection training, DecoderConfig config) =>
        Float32 * config.Parameters + (Trained - Float32) * TrainedParameters(training, config);

    /// <summary>Numbers that are trained.</summary>
    public static long TrainedParameters(TrainingSection training, DecoderConfig config) => training.Freeze.IsEmpty ? config.Parameters
        : FamilyCatalog.For(config.Family, "freeze").Parameters(config)
            .Where(named => !training.Freeze.Hold(named.Parameter))
            .Sum(named => named.Shape.Aggregate(1L, (product, size) => product * size));

    /// <summary>Tokens that it sees.</summary>
    public static long Tokens(TrainingSection training, int sequence) => checked(training.Steps * training.Batch * sequence);

    /// <summary>
    /// The most that its checkpoints take: two stay and a third is written before one of them goes; where training evaluates, the best
    /// stays too.
    /// </summary>
    public static long CheckpointBytes(TrainingSection training, long parameters) =>
        (training.EvaluateEvery > 0 ? 4 : 3) * Saved * parameters;

    /// <summary>Steps, batch and rates in words.</summary>
    public static string Schedule(TrainingSection training) =>
        $"{training.Steps} steps of {training.Batch} windows, learning rate {Rates(training)}, {training.WarmUp} warm-up steps";

    private static string Rates(TrainingSection training) => training.Schedule switch
    {
        ScheduleKind.Constant => $"{training.LearningRate:0.####e-0}",
        ScheduleKind.Cosine => $"{training.LearningRate:0.####e-0} to {training.MinLearningRate:0.####e-0}",
        var other => $"{training.LearningRate:0.####e-0} to {training.MinLearningRate:0.####e-0} ({EnumName.Of(other)})",
    };
}
