namespace Espalier.Pipeline.Forecasts;

/// <summary>How fast a device does the work of a stage.</summary>
/// <param name="Device">The device.</param>
/// <param name="Forward">Its speed in forward passes, in 10⁹ operations a second: measured, or the maker's peak.</param>
/// <param name="Training">The same in training steps.</param>
/// <param name="Utilisation">The share of both that is assumed to be reached; 1 where the work itself was measured.</param>
internal sealed record DeviceSpeed(string Device, double Forward, double Training, double Utilisation)
{
    /// <summary>The device that the program runs on.</summary>
    public const string Here = "this machine";

    /// <summary>The best that may be, as a multiple of these speeds.</summary>
    public double Best { get; init; } = 1;

    /// <summary>The worst that may be, as a multiple of these speeds.</summary>
    public double Worst { get; init; } = 1;

    // Training steps of small models reach about half of a large product's speed on a processor, from a third to two thirds; 40 % of the
    // peak is a usual model FLOPs utilisation on one GPU, and 30 % to 50 % the usual range.
    private const double OnProcessor = 0.5, BestOnProcessor = 2.0 / 3, WorstOnProcessor = 1.0 / 3;
    private const double OnGpu = 0.4, BestOnGpu = 0.5, WorstOnGpu = 0.3;

    // What a few seconds of measuring cannot see: heat, other programs that come and go, the work between the passes.
    private const double LeastSpread = 0.1;

    /// <summary>GPUs with the dense bfloat16 peak of their makers' data sheets.</summary>
    public static IReadOnlyList<DeviceSpeed> Gpus { get; } =
        [Gpu("one A100", 312), Gpu("one H100", 989), Gpu("one H200", 989), Gpu("one L40S", 362), Gpu("one RTX 4090", 165)];

    /// <summary>This machine, from the speed of a large float32 matrix product.</summary>
    public static DeviceSpeed FromProduct(double gflops) =>
        new(Here, gflops, gflops, OnProcessor) { Best = BestOnProcessor / OnProcessor, Worst = WorstOnProcessor / OnProcessor };

    /// <summary>This machine, from its own work at the recipe's shape.</summary>
    public static DeviceSpeed FromWork(double forward, double training) => new(Here, forward, training, 1);

    /// <summary>The same from several measurements of each: their medians, and how far they lie apart.</summary>
    public static DeviceSpeed FromWork(IReadOnlyList<double> forward, IReadOnlyList<double> training)
    {
        var ((slowF, middleF, fastF), (slowT, middleT, fastT)) = (Spread(forward), Spread(training));
        return FromWork(middleF, middleT) with
        {
            Best = Math.Max(1 + LeastSpread, Math.Max(fastF / middleF, fastT / middleT)),
            Worst = Math.Min(1 - LeastSpread, Math.Min(slowF / middleF, slowT / middleT)),
        };
    }

    /// <summary>A tenth from either end, so that one hiccup does not make the range, and the median.</summary>
    private static (double Slow, double Middle, double Fast) Spread(IReadOnlyList<double> speeds)
    {
        double[] sorted = [.. speeds.Order()];
        var edge = sorted.Length / 10;
        return (sorted[edge], sorted[sorted.Length / 2], sorted[^(edge + 1)]);
    }

    /// <summary>Seconds for so many operations of training.</summary>
    public double TrainingSeconds(double flops) => flops / (Training * 1e9 * Utilisation);

    /// <summary>Seconds for a stage; null where its operations are not known beforehand.</summary>
    public double? Seconds(StageForecast stage) => stage.Flops / ((stage.Steps is null ? Forward : Training) * 1e9 * Utilisation);

    private static DeviceSpeed Gpu(string name, double teraflops) =>
        new(name, teraflops * 1e3, teraflops * 1e3, OnGpu) { Best = BestOnGpu / OnGpu, Worst = WorstOnGpu / OnGpu };
}
