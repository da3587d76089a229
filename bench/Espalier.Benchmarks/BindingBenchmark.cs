using System.Diagnostics;

namespace Espalier.Benchmarks;

/// <summary>What a call through the binding costs in time and managed memory, and how fast the BLAS after it is.</summary>
internal static class BindingBenchmark
{
    private const int Calls = 100_000, Rounds = 7, Side = 2048;

    public static string Run()
    {
        using var noGrad = GradMode.Disable();
        using var x = Tensor.Full(1, DType.Float32, 4);
        using var a = Tensor.Full(0.5, DType.Float32, Side, Side);
        var add = Measure(() => x.Add(x).Dispose());
        var inPlace = Measure(() => x.AddInPlace(x, 0));
        var scoped = Measure(() =>
        {
            using var scope = TensorScope.Begin();
            x.Add(x);
        });
        var reshape = Measure(() => x.View(2, 2).Dispose());
        var product = Enumerable.Range(0, Rounds).Min(_ => Seconds(() => a.MatMul(a).Dispose()));
        return JsonSerializer.Serialize(new
        {
            libtorch = TorchRuntime.Version,
            threads = TorchRuntime.Threads,
            add_ns = add.Nanoseconds,
            add_bytes = add.Bytes,
            add_in_scope_ns = scoped.Nanoseconds,
            add_in_scope_bytes = scoped.Bytes,
            add_in_place_ns = inPlace.Nanoseconds,
            add_in_place_bytes = inPlace.Bytes,
            view_ns = reshape.Nanoseconds,
            view_bytes = reshape.Bytes,
            sgemm_2048_gflops = Math.Round(2.0 * Side * Side * Side / product / 1e9, 1),
        });
    }

    /// <summary>The best round, so that other programs on the machine count least.</summary>
    private static (double Nanoseconds, long Bytes) Measure(Action call)
    {
        Repeat(call); // tiers up
        var bytes = GC.GetAllocatedBytesForCurrentThread();
        Repeat(call);
        bytes = GC.GetAllocatedBytesForCurrentThread() - bytes;
        var seconds = Enumerable.Range(0, Rounds).Min(_ => Seconds(() => Repeat(call)));
        return (Math.Round(seconds / Calls * 1e9), bytes / Calls);
    }

    private static void Repeat(Action call)
    {
        for (var i = 0; i < Calls; i++)
            call();
    }

    private static double Seconds(Action work)
    {
        var start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
