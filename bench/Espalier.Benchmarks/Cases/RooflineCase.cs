using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Espalier.Benchmarks;

/// <summary>
/// What the processor and its memory give at most (multiply-adds in registers, reading, copying), and where products and kernels lie below
/// it: operations a byte, GFLOP/s, and the share of the lower of both roofs.
/// </summary>
internal static class RooflineCase
{
    private const int Chains = 12, Rounds = 2_000_000;

    public static IEnumerable<Row> Run(CaseInput input)
    {
        TorchRuntime.Start(input.Threads);
        var (lanes, peak) = Vector512.IsHardwareAccelerated ? (16, Rate(Fma512, 16)) : (8, Rate(Fma256, 8));
        peak *= input.Threads;
        // In processor time as everything here, so that other programs do not lower the roof alone.
        var bandwidth = References.ReadBandwidth().Processor * input.Threads;
        yield return Plain(FormattableString.Invariant($"multiply-adds of {lanes} float32, GFLOP/s"), peak, input.Threads > 1
            ? "one thread's times the threads" : "");
        yield return Plain("reading, GB/s", bandwidth, "");
        yield return Plain("filling memory for the first time, GB/s", FreshPages.Rate(huge: false), "pages of 4 KiB");
        yield return Plain("filling memory for the first time, GB/s", FreshPages.Rate(huge: true), "huge pages asked for");
        foreach (var (rows, inner, columns) in new (long, long, long)[] { (2048, 2048, 2048), (2048, 256, 768), (2048, 768, 256),
            (512, 192, 32000), (512, 32000, 192), (32000, 512, 192), (1, 8192, 16384) })
        {
            var rate = References.Product(rows, inner, columns, DType.Float32);
            yield return On($"product {rows} x {inner} x {columns}", rate.Processor * input.Threads, 2.0 * rows * inner * columns,
                4.0 * (rows * inner + inner * columns + rows * columns));
        }
        foreach (var kernel in KernelsBenchmark.Roofline())
            yield return On(kernel.Name, kernel.Operations / KernelsBenchmark.Seconds(kernel) / 1e9, kernel.Operations, kernel.Bytes,
                kernel.Cached);

        Row Plain(string what, double value, string note) =>
            new() { Case = "roof", Threads = input.Threads, Quantity = what, Value = Quantiles.Exactly(value), Note = note };

        Row On(string name, double gflops, double operations, double bytes, bool cached = false)
        {
            var roof = cached ? peak : Math.Min(peak, bandwidth * operations / bytes);
            return new()
            {
                Case = cached ? $"{name}, in the cache" : name,
                Threads = input.Threads,
                Quantity = "GFLOP/s",
                Value = Quantiles.Exactly(gflops),
                Note = FormattableString.Invariant(
                    $"{operations / bytes:0.0} operations a byte; {100 * gflops / roof:0} % of the roof of {roof:0}"),
            };
        }
    }

    // GFLOP/s of the best of several rounds, in processor time.
    private static double Rate(Func<int, float> work, int lanes)
    {
        work(Rounds);
        return Enumerable.Range(0, 5).Max(_ => 2.0 * lanes * Chains * Rounds / Cost.Of(() => work(Rounds)).Processor / 1e9);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Fma512(int rounds)
    {
        var (x, y) = (Vector512.Create(0.999f), Vector512.Create(0.001f));
        Vector512<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (var round = 0; round < rounds; round++)
        {
            (a, b, c, d) =
                (Vector512.FusedMultiplyAdd(a, x, y), Vector512.FusedMultiplyAdd(b, x, y), Vector512.FusedMultiplyAdd(c, x, y),
                    Vector512.FusedMultiplyAdd(d, x, y));
            (e, f, g, h) =
                (Vector512.FusedMultiplyAdd(e, x, y), Vector512.FusedMultiplyAdd(f, x, y), Vector512.FusedMultiplyAdd(g, x, y),
                    Vector512.FusedMultiplyAdd(h, x, y));
            (i, j, k, l) =
                (Vector512.FusedMultiplyAdd(i, x, y), Vector512.FusedMultiplyAdd(j, x, y), Vector512.FusedMultiplyAdd(k, x, y),
                    Vector512.FusedMultiplyAdd(l, x, y));
        }
        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Fma256(int rounds)
    {
        var (x, y) = (Vector256.Create(0.999f), Vector256.Create(0.001f));
        Vector256<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (var round = 0; round < rounds; round++)
        {
            (a, b, c, d) =
                (Vector256.FusedMultiplyAdd(a, x, y), Vector256.FusedMultiplyAdd(b, x, y), Vector256.FusedMultiplyAdd(c, x, y),
                    Vector256.FusedMultiplyAdd(d, x, y));
            (e, f, g, h) =
                (Vector256.FusedMultiplyAdd(e, x, y), Vector256.FusedMultiplyAdd(f, x, y), Vector256.FusedMultiplyAdd(g, x, y),
                    Vector256.FusedMultiplyAdd(h, x, y));
            (i, j, k, l) =
                (Vector256.FusedMultiplyAdd(i, x, y), Vector256.FusedMultiplyAdd(j, x, y), Vector256.FusedMultiplyAdd(k, x, y),
                    Vector256.FusedMultiplyAdd(l, x, y));
        }
        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }
}
