using System.Diagnostics;
using Espalier.Torch;
using Espalier.Torch.Native;

namespace Espalier.Cli.Machine;

/// <summary>Measures matrix products of the libtorch in this process.</summary>
internal static class TorchProbe
{
    private const int Size = 2048, Repeats = 5;

    /// <summary>What libtorch is, and its speed as the program uses it.</summary>
    internal static TorchReport Look()
    {
        TorchRuntime.Start();
        var own = Gflops();
        var others = Enum.GetValues<ProductLibrary>().Where(library => library != Products.Library && Products.Has(library))
            .Select(library => (Library: library, Gflops: GflopsOf(library))).ToArray();
        (ProductLibrary Library, double Gflops)? best = others.Length == 0 ? null : others.MaxBy(other => other.Gflops);
        return new(
            TorchRuntime.Version, TorchRuntime.LibraryFile, TorchRuntime.LibrarySource, TorchRuntime.Threads, TorchRuntime.HasCuda,
            TorchRuntime.FlushesDenormals,
            Products.Library, own, best?.Gflops)
        {
            OtherProducts = best?.Library,
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

    private static double GflopsOf(ProductLibrary library)
    {
        using var use = Products.Using(library);
        return Gflops();
    }

    /// <summary>Float32 operations a second, in 10^9, of a product of two matrices of 2048 by 2048: the best of a few.</summary>
    internal static double Gflops()
    {
        using var noGradient = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var (a, b) = (Tensor.Full(0.5, DType.Float32, Size, Size), Tensor.Full(0.25, DType.Float32, Size, Size));
        var best = double.PositiveInfinity;
        // The first product pays for threads and pages and never is the best.
        for (var repeat = 0; repeat <= Repeats; repeat++)
        {
            var clock = Stopwatch.StartNew();
            using var product = a.MatMul(b);
            best = Math.Min(best, clock.Elapsed.TotalSeconds);
        }
        return 2.0 * Size * Size * Size / best / 1e9;
    }
}
