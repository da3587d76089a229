using System.Diagnostics;
using Espalier.Torch;

namespace Espalier.Cli.Machine;

/// <summary>The probe of the libtorch in this process.</summary>
internal sealed class TorchProbe : IMachineProbe
{
    private const int Repeats = 5;

    internal TorchProbe() => TorchRuntime.Start();

    public string TorchVersion => TorchRuntime.Version;

    public string NativeLibrary => TorchRuntime.NativeLibraryPath;

    public int Threads => TorchRuntime.Threads;

    public bool HasCuda => TorchRuntime.HasCuda;

    public string BlasFile => TorchRuntime.LibraryOf("sgemm_");

    public string BlasKernel => TorchRuntime.BlasKernelName;

    public double MatrixProductSeconds(int size)
    {
        using var noGradient = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var (a, b) = (Tensor.Full(0.5, DType.Float32, size, size), Tensor.Full(0.25, DType.Float32, size, size));
        var best = double.PositiveInfinity;
        // The first product pays for threads and pages and never is the best.
        for (var repeat = 0; repeat <= Repeats; repeat++)
        {
            var clock = Stopwatch.StartNew();
            using var product = a.MatMul(b);
            best = Math.Min(best, clock.Elapsed.TotalSeconds);
        }
        return best;
    }
}
