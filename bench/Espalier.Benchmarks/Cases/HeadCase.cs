namespace Espalier.Benchmarks;

/// <summary>
/// P3 and P4: both heads, the divergence and its gradient, without the models below; time against eager operators and against the products
/// alone, and memory beyond the gradient of the head.
/// </summary>
internal static class HeadCase
{
    private const int Tried = 4, Few = 16, Warm = 100, Times = 8;

    private static readonly (string Name, string[] Settings)[] s_forms = [("plain", []), ("tcmalloc", [PeerSystem.TcMalloc])];

    public static IEnumerable<Row> Time(CaseInput input, PeerSystem system)
    {
        using var work = new TemporaryFolder();
        using var operands = new HeadOperands(work, system, input);
        var best = s_forms.MinBy(form => Processor(operands.Peer(system, input, form.Settings)));
        using var peer = operands.Peer(system, input, best.Settings);
        peer.WaitUntilReady();
        var (loss, faults, floors, floorFaults) = (0.0, new List<double>(), new List<Cost>(), new List<double>());
        var (chunk, turned) = Floors(operands.Tokens).MinBy(form =>
        {
            operands.Products(form.Chunk, form.Turned);
            return Enumerable.Range(0, 3).Min(_ => Cost.Of(() => operands.Products(form.Chunk, form.Turned)).Processor);
        });
        var pairs = Pairs.Measure(input.Pairs, 2, () => Faults(faults, () => loss = operands.Step()), () =>
        {
            var (line, cost) = peer.Timed("step");
            operands.RequireSame((double)line["loss"]!);
            return cost;
        }, () => floors.Add(Faults(floorFaults, () => operands.Products(chunk, turned))));
        yield return pairs.OtherOverOwn(input, "eager / own", 2.3, $"{system.Name} {best.Name}");
        yield return new()
        {
            Case = input.Subject,
            Threads = input.Threads,
            Quantity = "own / the four products alone",
            Wall = Quantiles.Of(pairs.Own.Zip(floors, (own, floor) => own.Wall / floor.Wall)),
            Processor = Quantiles.Of(pairs.Own.Zip(floors, (own, floor) => own.Processor / floor.Processor)),
            Note = string.Create(CultureInfo.InvariantCulture,
                $"aim 1.1; products of {chunk} positions{(turned ? ", the gradient turned" : "")}; page faults "
                    + $"{Quantiles.Of(faults).Median} and {Quantiles.Of(floorFaults).Median}"),
        };
    }

    public static IEnumerable<Row> Space(CaseInput input, PeerSystem system)
    {
        using var work = new TemporaryFolder();
        using var operands = new HeadOperands(work, system, input, Times);
        // Code, compiled for good after some dozens of calls, and the gradient's memory are there before it counts.
        for (var i = 0; i < Warm; i++)
            operands.Step(Few);
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        Memory.ForgetPeak();
        var before = Memory.ResidentMiB;
        operands.Step(operands.Tokens);
        var own = Memory.PeakMiB - before;
        operands.Step(operands.Tokens * Times);
        var many = Memory.PeakMiB - before;
        double theirs;
        using (var peer = operands.Peer(system, input))
        {
            var ready = (double)peer.WaitUntilReady()["rss_mib"]!;
            theirs = (double)peer.Next("step")["peak_rss_mib"]! - ready - operands.GradientMiB;
        }
        yield return new()
        {
            Case = input.Subject,
            Threads = input.Threads,
            Quantity = "own / eager, MiB beyond the gradient",
            Value = Quantiles.Exactly(own / theirs),
            AtMost = 0.1,
            Note = string.Create(CultureInfo.InvariantCulture, $"{own:0} MiB of {theirs:0}; {system.Name} plain"),
            Details = new() { ["own_mib"] = own, ["eager_mib"] = theirs },
        };
        yield return new()
        {
            Case = input.Subject,
            Threads = input.Threads,
            Quantity = $"own at {Times} times as many tokens / own",
            Value = Quantiles.Exactly(
                (many - HeadOperands.HiddenGradientMiB(operands.Tokens * Times)) / (own - HeadOperands.HiddenGradientMiB(operands.Tokens))),
            AtMost = 1.05,
            Note = string.Create(CultureInfo.InvariantCulture, $"{many:0} MiB and {own:0}, less the gradient of the hidden states"),
        };
    }

    private static IEnumerable<(int Chunk, bool Turned)> Floors(int tokens) =>
        from chunk in new[] { 128, 256, 512, 1024 } where chunk <= tokens from turned in new[] { false, true } select (chunk, turned);

    private static Cost Faults(List<double> faults, Action work)
    {
        var before = Memory.PageFaults;
        var cost = Cost.Of(work);
        faults.Add(Memory.PageFaults - before);
        return cost;
    }

    // Processor seconds of a step.
    private static double Processor(Peer peer)
    {
        using (peer)
        {
            peer.WaitUntilReady();
            return Enumerable.Range(0, Tried).Select(_ => peer.Timed("step").Cost.Processor).Skip(1).Min();
        }
    }
}
