namespace Espalier.Benchmarks;

/// <summary>What the machine gives: products of a size, reading from memory, writing to the disk.</summary>
internal static class References
{
    private const int Side = 2048, Repeats = 5;

    /// <summary>GFLOP/s of the product of 2048 x 2048 by 2048 x 2048, float32, median by the clock and in processor time.</summary>
    public static Cost Square() => Product(Side, Side, Side, DType.Float32);

    /// <summary>GFLOP/s of [rows, inner] times [inner, columns], as wall and processor rates.</summary>
    public static Cost Product(long rows, long inner, long columns, DType dtype)
    {
        using var noGradient = GradMode.Disable();
        using var a = Tensor.Full(0.5, dtype, rows, inner);
        using var b = Tensor.Full(0.25, dtype, inner, columns);
        var operations = 2.0 * rows * inner * columns;
        var calls = Math.Max(1, (int)(2e9 / operations));
        var costs = Enumerable.Range(0, Repeats + 1).Select(_ => Cost.Of(() =>
        {
            for (var call = 0; call < calls; call++)
                a.MatMul(b).Dispose();
        }) / calls).Skip(1).ToArray();
        return new(operations / Median(costs.Select(cost => cost.Wall)) / 1e9,
            operations / Median(costs.Select(cost => cost.Processor)) / 1e9);
    }

    /// <summary>
    /// The product of 2048 x 2048 by 2048 x 2048 of a type, to be timed whenever it is asked for: GFLOP/s by the clock and in processor
    /// time.
    /// </summary>
    public static Func<Cost> SquareOf(DType dtype, int calls)
    {
        using var noGradient = GradMode.Disable();
        var (a, b) = (Tensor.Full(0.5, dtype, Side, Side), Tensor.Full(0.25, dtype, Side, Side));
        return () =>
        {
            using var inner = GradMode.Disable();
            var cost = Cost.Of(() =>
            {
                for (var call = 0; call < calls; call++)
                    a.MatMul(b).Dispose();
            });
            var operations = 2.0 * Side * Side * Side * calls / 1e9;
            return new(operations / cost.Wall, operations / cost.Processor);
        };
    }

    /// <summary>GB/s of a sum over 256 MiB, at the runtime's threads, by the clock and in processor time.</summary>
    public static Cost ReadBandwidth()
    {
        using var noGradient = GradMode.Disable();
        using var x = Tensor.Full(1, DType.Float32, 1 << 26);
        var costs = Enumerable.Range(0, Repeats + 1).Select(_ => Cost.Of(() => x.Sum().Dispose())).Skip(1).ToArray();
        return new((1 << 28) / Median(costs.Select(cost => cost.Wall)) / 1e9,
            (1 << 28) / Median(costs.Select(cost => cost.Processor)) / 1e9);
    }

    /// <summary>MB/s of writing 256 MiB and fsync, as dd with conv=fsync does.</summary>
    public static double DiskWrite(string folder)
    {
        var file = Path.Combine(folder, "disk-speed");
        var block = new byte[1 << 20];
        new Random(1).NextBytes(block);
        try
        {
            var seconds = Enumerable.Range(0, 3).Select(_ => Cost.Of(() =>
            {
                using var stream = new FileStream(file, FileMode.Create, FileAccess.Write, FileShare.None, 0);
                for (var i = 0; i < 256; i++)
                    stream.Write(block);
                stream.Flush(flushToDisk: true);
            }).Wall);
            return 256 * (1 << 20) / Median(seconds) / 1e6;
        }
        finally
        {
            File.Delete(file);
        }
    }

    public static JsonObject Json()
    {
        var square = Square();
        return new()
        {
            ["libtorch"] = TorchRuntime.Version,
            ["threads"] = TorchRuntime.Threads,
            ["product_2048_gflops"] = Math.Round(square.Wall, 1),
            ["product_2048_gflops_processor"] = Math.Round(square.Processor, 1),
            ["read_gb_per_second"] = Math.Round(ReadBandwidth().Wall, 1),
            ["disk_write_fsync_mb_per_second"] = Math.Round(DiskWrite(Path.GetTempPath())),
        };
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }
}
