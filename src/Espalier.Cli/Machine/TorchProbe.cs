using System.Diagnostics;
using Espalier.Compression.Training.Speeds;
using Espalier.Torch.Native;

namespace Espalier.Cli.Machine;

/// <summary>Measures matrix products of the libtorch in this process.</summary>
internal static class TorchProbe
{
    /// <summary>What libraries are compared by: rows, what is summed over, columns.</summary>
    private static readonly (int Rows, int Inner, int Columns) s_large = (2048, 2048, 2048);

    /// <summary>A pass of the quickstart's student into its feed-forward block: what a step of a small model has.</summary>
    private static readonly (int Rows, int Inner, int Columns) s_step = (PassSize.Positions, 256, 768);

    private const int Repeats = 5, RepeatsOfSmall = 40;

    /// <summary>The shape of a step, for people.</summary>
    internal static string Step => $"{s_step.Rows} x {s_step.Inner} x {s_step.Columns}";

    /// <summary>What libtorch is, and its speed as the program uses it.</summary>
    internal static TorchReport Look()
    {
        TorchRuntime.Start();
        var (own, step) = (Gflops(), Gflops(s_step, DType.Float32));
        var others = Enum.GetValues<ProductLibrary>().Where(library => library != Products.Library && Products.Has(library))
            .Select(GflopsOf).ToArray();
        (ProductLibrary Library, double Gflops, double Step)? best = others.Length == 0 ? null : others.MaxBy(other => other.Gflops);
        var hasUnits = ComputeChoice.Auto.Here() == ComputeType.Bfloat16;
        return new(
            TorchRuntime.Version, TorchRuntime.LibraryFile, TorchRuntime.LibrarySource, TorchRuntime.Threads, TorchRuntime.CudaDevices > 0,
            TorchRuntime.FlushesDenormals,
            Products.Library, own, best?.Gflops)
        {
            OtherProducts = best?.Library,
            StepGflops = step,
            OtherStepGflops = best?.Step,
            Bfloat16Gflops = hasUnits ? Gflops(s_large, DType.BFloat16) : null,
            Bfloat16StepGflops = hasUnits ? Gflops(s_step, DType.BFloat16) : null,
            WithoutCuda = LibtorchLoader.WithoutCuda,
        };
    }

    /// <summary>A library's name for people.</summary>
    internal static string Name(ProductLibrary library) => library switch
    {
        ProductLibrary.Own => "Espalier's own kernel",
        ProductLibrary.OneDnn => "oneDNN",
        _ => "libtorch's default",
    };

    private static (ProductLibrary Library, double Gflops, double Step) GflopsOf(ProductLibrary library)
    {
        using var use = Products.Using(library);
        return (library, Gflops(), Gflops(s_step, DType.Float32));
    }

    /// <summary>Float32 operations a second, in 10^9, of a product of two matrices of 2048 by 2048: the best of a few.</summary>
    internal static double Gflops() => Gflops(s_large, DType.Float32);

    private static double Gflops((int Rows, int Inner, int Columns) shape, DType type)
    {
        using var noGradient = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var (x, weight) = (Tensor.Full(0.5, type, shape.Rows, shape.Inner), Tensor.Full(0.25, type, shape.Columns, shape.Inner));
        var best = double.PositiveInfinity;
        // The first product pays for threads and pages and never is the best.
        for (var repeat = shape == s_step ? RepeatsOfSmall : Repeats; repeat >= 0; repeat--)
        {
            var clock = Stopwatch.StartNew();
            using var product = x.Linear(weight);
            best = Math.Min(best, clock.Elapsed.TotalSeconds);
        }
        return 2.0 * shape.Rows * shape.Inner * shape.Columns / best / 1e9;
    }
}
