using Espalier.Benchmarks;
using Espalier.Models.Checkpoints;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

switch (args)
{
    case ["binding", .. var rest]:
        TorchRuntime.Start(rest.Length > 0 ? Number(rest[0]) : null);
        Console.WriteLine(BindingBenchmark.Run());
        return 0;
    case ["--help" or "-h"] or []:
        Console.WriteLine(Help.Text());
        return args.Length == 0 ? 2 : 0;
    case ["run", .. var asked]:
        try
        {
            return Runner.Run(RunOptions.Parse(asked), "bench/run " + string.Join(' ', asked));
        }
        catch (ArgumentException wrong)
        {
            await Console.Error.WriteLineAsync($"bench/run: {wrong.Message}");
            return 2;
        }
    case ["case", var bar, var subject, var threads, var pairs, var quick]:
        return Runner.RunCase(bar, new(subject, Number(threads), Number(pairs), bool.Parse(quick)));
    case ["references", var threads]:
        TorchRuntime.Start(Number(threads));
        Console.WriteLine(References.Json().ToJsonString());
        return 0;
    case ["compute", var folder, var pairs, var threads]:
        Console.WriteLine(ComputeBenchmark.Run(folder, Number(pairs), Number(threads)));
        return 0;
    case ["memory", var folder, var batch, var sequence, "keep" or "checkpoint", .. var lora]:
        TorchRuntime.Start(null);
        Console.WriteLine(MemoryBenchmark.Run(folder, Number(batch), Number(sequence), args[4] == "checkpoint",
            lora is ["lora", var rank] ? Number(rank) : null));
        return 0;
    case ["tokenizer-passes", var file, var text, var threads, var passes]:
        TokenizerBenchmark.Passes(file, text, Number(threads), Number(passes), Console.WriteLine);
        return 0;
    case ["account", var folder, var threads, var steps, var windowsOfAPass]:
        MemoryAccount.Run(folder, Number(threads), Number(steps), Number(windowsOfAPass), Console.WriteLine);
        return 0;
    case ["busy-step", var threads]:
        Console.WriteLine(BusyCase.Measure(Number(threads)));
        return 0;
    case ["load", var model, var threads]:
        Console.WriteLine(LoadCase.Measure(model, Number(threads)));
        return 0;
    case ["instructions", var workload, var times]:
        Workloads.Run(workload, Number(times));
        return 0;
    case ["random-model", var folder, var output]:
        using (var shape = Checkpoint.Open(folder, requireWeights: false))
            CheckpointWriter.Write(output, shape.Config, shape, ElementType.F32,
                DecoderWeights.RandomSource(shape.Config, shape.Family, seed: 0));
        return 0;
    default:
        await Console.Error.WriteLineAsync(
            "bench/run is the front of this program; by hand: binding [THREADS] | account FOLDER THREADS STEPS WINDOWS | compute FOLDER "
                + "PAIRS THREADS | memory FOLDER BATCH SEQUENCE keep|checkpoint [lora RANK] | random-model SHAPE OUTPUT | "
            + "instructions WORKLOAD TIMES | tokenizer-passes TOKENIZER TEXT THREADS PASSES");
        return 2;
}
