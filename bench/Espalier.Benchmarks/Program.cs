using System.Globalization;
using Espalier.Benchmarks;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Torch;

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
    case ["kd-memory", var folder, var steps, var threads]:
        Console.WriteLine(KdMemoryBenchmark.Run(folder, Number(steps), Number(threads)));
        return 0;
    case ["cache", var teacher, var student, var ids, .. var rest]:
        TorchRuntime.Start(rest.Length > 0 ? Number(rest[0]) : null);
        CacheBenchmark.Run(teacher, student, ids, Console.WriteLine);
        return 0;
    case ["importance", var folder, var ids, .. var rest]:
        TorchRuntime.Start(rest.Length > 3 ? Number(rest[3]) : null);
        Console.WriteLine(ImportanceBenchmark.Run(
            folder, ids, rest.Length > 0 ? Number(rest[0]) : 16, rest.Length > 1 ? Number(rest[1]) : 256, rest.Length > 2 ? Number(rest[2]) : 9));
        return 0;
    case ["depth", var teacher, var ids, var samples, var sequence, var batch, var rounds, var threads, .. var rest]:
        TorchRuntime.Start(Number(threads));
        Console.WriteLine(DepthBenchmark.Run(teacher, ids, Number(samples), Number(sequence), Number(batch), Number(rounds), rest.Length > 0 ? Number(rest[0]) : 0));
        return 0;
    case ["depth-scan", var teacher, var ids, var samples, var sequence, var batch, var pairs, var threads, "--", .. var peer]:
        TorchRuntime.Start(Number(threads));
        Console.WriteLine(DepthBenchmark.RunPaired(teacher, ids, Number(samples), Number(sequence), Number(batch), Number(pairs), peer));
        return 0;
    case ["kernels", var pairs, var threads, .. var rest]:
        TorchRuntime.Start(Number(threads));
        KernelsBenchmark.Run(Number(pairs), rest.Length > 0 ? rest[0] : "", Console.WriteLine);
        return 0;
    case ["memory", var folder, var batch, var sequence, "keep" or "checkpoint"]:
        TorchRuntime.Start(null);
        Console.WriteLine(MemoryBenchmark.Run(folder, Number(batch), Number(sequence), args[^1] == "checkpoint"));
        return 0;
    case ["tokenizer-passes", var file, var text, var threads, var passes]:
        TokenizerBenchmark.Passes(file, text, Number(threads), Number(passes), Console.WriteLine);
        return 0;
    case ["threads-wait", var folder, var ids, var rounds, var threads]:
        Console.WriteLine(ThreadsWaitBenchmark.Run(folder, ids, Number(rounds), Number(threads)));
        return 0;
    case ["threads-wait-one", var folder, var ids, var threads]:
        Console.WriteLine(ThreadsWaitBenchmark.Measure(folder, ids, Number(threads)));
        return 0;
    case ["random-model", var folder, var output]:
        using (var shape = Checkpoint.Open(folder, requireWeights: false))
            CheckpointWriter.Write(output, shape.Config, shape, ElementType.F32, DecoderWeights.RandomSource(shape.Config, shape.Family, seed: 0));
        return 0;
    default:
        await Console.Error.WriteLineAsync("usage: Espalier.Benchmarks binding [THREADS] | compute FOLDER PAIRS THREADS | kd-memory FOLDER STEPS THREADS | cache TEACHER STUDENT IDS [THREADS] | importance MODEL IDS [WINDOWS] [SEQ] [ROUNDS] [THREADS] | depth TEACHER IDS SAMPLES SEQUENCE BATCH ROUNDS THREADS [STACK] | depth-scan TEACHER IDS SAMPLES SEQUENCE BATCH PAIRS THREADS -- PEER-COMMAND... | kernels PAIRS THREADS [NAME] | memory FOLDER BATCH SEQUENCE keep|checkpoint | threads-wait TEACHER IDS ROUNDS THREADS | tokenizer-passes TOKENIZER TEXT THREADS PASSES");
        return 2;
}
