namespace Espalier.Benchmarks;

/// <summary>
/// P1, P1c and P2: one full distillation step, paired with PyTorch programs that do the same on the same weights and ids. Every form of the
/// peer is tried first; the best in processor time is paired, step by step, the order swapped in every second pair. Losses within 1e-5, or
/// there is no ratio.
/// </summary>
internal static class StepCase
{
    private const int WarmUp = 2, Tried = 4;

    public static IEnumerable<Row> Run(Shape shape, PeerSystem[] systems, int threads, int pairs, bool bfloat16, bool compiled)
    {
        var work = Directory.CreateTempSubdirectory("espalier-bench-").FullName;
        try
        {
            shape.Write(work, systems[0], pairs + WarmUp);
            TorchRuntime.Start(threads);
            foreach (var system in systems)
            {
                string[] options = ["--read", "WORK", "--threads", $"{threads}", "--sgemm", "0", "--paced", "--steps", "1000"];
                var tried = system.StepVariants(work, bfloat16, compiled, options).ToDictionary(command => command, Try);
                var best = tried.Where(pair => pair.Value is not null).MinBy(pair => pair.Value).Key
                    ?? throw new InvalidOperationException($"{shape.Name}: no form of the peer {system.Name} runs");
                foreach (var row in Paired(shape, work, best, threads, pairs, bfloat16, tried))
                    yield return row;
            }
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    // Processor seconds of a step; none of a form that does not run here (its own words are above ours), for the others can be measured.
    private static double? Try(PeerCommand command)
    {
        using var peer = new Peer(command);
        try
        {
            peer.WaitUntilReady();
            return StepOf(peer);
        }
        catch (Exception error) when (error is InvalidOperationException or IOException)
        {
            Console.Error.WriteLine($"{command.Name} is left out: {error.Message}");
            return null;
        }
    }

    private static double StepOf(Peer peer) =>
        Quantiles.Of([.. Enumerable.Range(0, Tried).Select(_ => peer.Timed("step").Cost.Processor).ToArray().Skip(Tried / 2)]).P20;

    private static IEnumerable<Row> Paired(Shape shape, string work, PeerCommand command, int threads, int pairs, bool bfloat16,
        Dictionary<PeerCommand, double?> tried)
    {
        using var peer = new Peer(command);
        using var setup = new KdSetup(work, pairs + WarmUp, bfloat16);
        peer.WaitUntilReady();
        var (own, theirs, apart, allocated, products) = (new List<Cost>(), new List<Cost>(), 0.0, new List<double>(), new List<Cost>());
        // What share of the product a step reaches is told by the product of the same moment.
        var product = References.SquareOf(bfloat16 ? DType.BFloat16 : DType.Float32, threads);
        product();
        (JsonObject Answer, Cost Cost)? answer = null;
        var tolerance = bfloat16 ? 2e-2 : 1e-5;
        Cost.Clock clock = default;
        long bytes = 0;
        setup.Trainer.Every(1, report =>
        {
            var (mine, managed) = (clock.Elapsed, GC.GetTotalAllocatedBytes() - bytes);
            // An odd step runs its own side first, an even one the peer's.
            var (line, cost) = answer ?? peer.Timed("step");
            var difference = Math.Abs(report.Loss - (double)line["loss"]!);
            if (!(difference <= tolerance * Math.Max(1, report.Loss)))
                throw new InvalidOperationException(
                    $"{shape.Name}: no parity at step {report.Step} with {command.Name}: loss {report.Loss} against {line["loss"]}");
            if (report.Step > WarmUp)
            {
                own.Add(mine);
                theirs.Add(cost);
                products.Add(product());
                allocated.Add(managed);
                apart = Math.Max(apart, difference);
            }
            answer = report.Step < pairs + WarmUp && report.Step % 2 == 1 ? peer.Timed("step") : null;
            (clock, bytes) = (Cost.Clock.Start(), GC.GetTotalAllocatedBytes());
        });
        clock = Cost.Clock.Start();
        setup.Trainer.Run();

        var ratio = bfloat16 ? "peer / own, bf16" : "peer / own";
        yield return new()
        {
            Case = shape.Name,
            Threads = threads,
            Quantity = ratio,
            Wall = Quantiles.Of(own.Zip(theirs, (a, b) => b.Wall / a.Wall)),
            Processor = Quantiles.Of(own.Zip(theirs, (a, b) => b.Processor / a.Processor)),
            PeerSpread = Quantiles.Of(theirs.Select(cost => cost.Wall)).Spread,
            PeerSpreadProcessor = Quantiles.Of(theirs.Select(cost => cost.Processor)).Spread,
            AtLeast = 1.2,
            Note = command.Name,
            Details = new()
            {
                ["tokens"] = setup.Tokens,
                ["largest_difference_of_losses"] = apart,
                ["own_wall"] = JsonSerializer.SerializeToNode(Quantiles.Of(own.Select(cost => cost.Wall))),
                ["own_processor"] = JsonSerializer.SerializeToNode(Quantiles.Of(own.Select(cost => cost.Processor))),
                ["peer_wall"] = JsonSerializer.SerializeToNode(Quantiles.Of(theirs.Select(cost => cost.Wall))),
                ["peer_processor"] = JsonSerializer.SerializeToNode(Quantiles.Of(theirs.Select(cost => cost.Processor))),
                ["managed_bytes_a_step"] = Quantiles.Of(allocated).Median,
                ["peer_forms_processor_seconds"] = new JsonObject(tried.Select(pair =>
                    KeyValuePair.Create(pair.Key.Name, pair.Value is { } seconds ? (JsonNode?)Math.Round(seconds, 4) : null))),
            },
        };
        yield return ShareOfProduct(shape, setup, threads, own, products, bfloat16);
    }

    private static Row ShareOfProduct(Shape shape, KdSetup setup, int threads, List<Cost> own, List<Cost> products, bool bfloat16)
    {
        var flops =
            (setup.Teacher.Config.ForwardFlopsPerToken(setup.Sequence) + 3 * setup.Student.Config.ForwardFlopsPerToken(setup.Sequence))
            * setup.Tokens;
        var dtype = bfloat16 ? DType.BFloat16 : DType.Float32;
        var (c, rows) = (setup.Student.Config, setup.Tokens);
        return new()
        {
            Case = shape.Name,
            Threads = threads,
            Quantity = "share of the measured product",
            Wall = Quantiles.Of(own.Zip(products, (step, product) => flops / step.Wall / 1e9 / product.Wall)),
            Processor = Quantiles.Of(own.Zip(products, (step, product) => flops / step.Processor / 1e9 / product.Processor)),
            PeerSpread = Quantiles.Of(products.Select(product => product.Wall)).Spread,
            PeerSpreadProcessor = Quantiles.Of(products.Select(product => product.Processor)).Spread,
            AtLeast = bfloat16 ? null : 0.65,
            Note = "2048³ after each step",
            Details = new()
            {
                ["flops_a_step"] = flops,
                ["product_2048_gflops"] = Quantiles.Of(products.Select(product => product.Wall)).Median,
                ["product_2048_gflops_processor"] = Quantiles.Of(products.Select(product => product.Processor)).Median,
                ["product_gate_gflops"] = Math.Round(References.Product(rows, c.HiddenSize, c.IntermediateSize, dtype).Processor, 1),
                ["product_down_gflops"] = Math.Round(References.Product(rows, c.IntermediateSize, c.HiddenSize, dtype).Processor, 1),
                ["product_head_gflops"] =
                    Math.Round(References.Product(Math.Min(rows, 512), c.HiddenSize, c.VocabularySize, dtype).Processor, 1),
            },
        };
    }
}
