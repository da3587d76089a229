using System.Diagnostics;

namespace Espalier.Compression.Training.Speeds;

/// <summary>How fast this process multiplies matrices: what model FLOPs utilisation is measured against.</summary>
internal static class MatrixSpeed
{
    private const int Side = 1024, Rounds = 4;

    /// <summary>Operations a second of a float32 product of two square matrices of 1,024: the best of a few.</summary>
    public static double Measure()
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var a = Tensor.Full(0.5, DType.Float32, TorchRuntime.Device, Side, Side);
        return 2.0 * Side * Side * Side / Enumerable.Range(0, Rounds).Min(_ => Seconds(a));
    }

    private static double Seconds(Tensor a)
    {
        var started = Stopwatch.GetTimestamp();
        a.MatMul(a).Dispose();
        TorchRuntime.Synchronize();
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }
}
