namespace Espalier.Compression.Recipes;

/// <summary>How long the training stages and the scoring take on a device, if it keeps up the assumed share of its speed: an estimate.</summary>
/// <param name="Device">The device.</param>
/// <param name="Gflops">Its speed in 10⁹ floating-point operations a second: measured here, or the maker's peak.</param>
/// <param name="Utilisation">The share of it that is assumed to be reached.</param>
/// <param name="Seconds">Operations / (speed · share).</param>
public sealed record TimeForecast(string Device, double Gflops, double Utilisation, double Seconds)
{
    // Training steps of small models reach about half of a large product's speed on a processor; 40 % of the peak is a usual
    // model FLOPs utilisation on one GPU.
    private const double OnProcessor = 0.5;
    private const double OnGpu = 0.4;

    /// <summary>GPUs with the dense bfloat16 peak of their makers' data sheets, in TFLOP/s.</summary>
    private static readonly (string Name, double Teraflops)[] Gpus = [("one A100", 312), ("one H100", 989)];

    /// <summary>Times on this machine, where its speed is known, and on one GPU of each named kind.</summary>
    internal static IReadOnlyList<TimeForecast> Of(double flops, double? gflopsHere)
    {
        var devices = Gpus.Select(gpu => For(gpu.Name, gpu.Teraflops * 1e3, OnGpu, flops));
        return gflopsHere is { } here ? [For("this machine", here, OnProcessor, flops), .. devices] : [.. devices];
    }

    private static TimeForecast For(string device, double gflops, double share, double flops) => new(device, gflops, share, flops / (gflops * 1e9 * share));
}
