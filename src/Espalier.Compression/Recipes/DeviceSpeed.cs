namespace Espalier.Compression.Recipes;

/// <summary>How fast a device does the work of a stage.</summary>
/// <param name="Device">The device.</param>
/// <param name="Forward">Its speed in forward passes, in 10⁹ operations a second: measured, or the maker's peak.</param>
/// <param name="Training">The same in training steps.</param>
/// <param name="Utilisation">The share of both that is assumed to be reached; 1 where the work itself was measured.</param>
public sealed record DeviceSpeed(string Device, double Forward, double Training, double Utilisation)
{
    // Training steps of small models reach about half of a large product's speed on a processor; 40 % of the peak is a usual
    // model FLOPs utilisation on one GPU.
    private const double OnProcessor = 0.5;
    private const double OnGpu = 0.4;

    /// <summary>GPUs with the dense bfloat16 peak of their makers' data sheets.</summary>
    public static IReadOnlyList<DeviceSpeed> Gpus { get; } =
        [Gpu("one A100", 312), Gpu("one H100", 989), Gpu("one H200", 989), Gpu("one L40S", 362), Gpu("one RTX 4090", 165)];

    /// <summary>This machine, from the speed of a large float32 matrix product.</summary>
    public static DeviceSpeed FromProduct(double gflops) => new("this machine", gflops, gflops, OnProcessor);

    /// <summary>This machine, from its own work at the recipe's shape.</summary>
    public static DeviceSpeed FromWork(double forward, double training) => new("this machine", forward, training, 1);

    /// <summary>Seconds for so many operations of training.</summary>
    public double TrainingSeconds(double flops) => flops / (Training * 1e9 * Utilisation);

    /// <summary>Seconds for a stage; null where its operations are not known beforehand.</summary>
    public double? Seconds(StageForecast stage) => stage.Flops / ((stage.Steps is null ? Forward : Training) * 1e9 * Utilisation);

    private static DeviceSpeed Gpu(string name, double teraflops) => new(name, teraflops * 1e3, teraflops * 1e3, OnGpu);
}
