using System.Globalization;
using Espalier.Benchmarks;
using Espalier.Torch;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

switch (args)
{
    case ["binding", .. var rest]:
        TorchRuntime.Start(rest.Length > 0 ? Number(rest[0]) : null);
        Console.WriteLine(BindingBenchmark.Run());
        return 0;
    case ["kd-step", var folder, var pairs, var threads, "--", .. var peer]:
        Console.WriteLine(KdStepBenchmark.Run(folder, Number(pairs), Number(threads), peer));
        return 0;
    case ["optimizer", var layers, var width, var inner, var vocabulary, var pairs, var threads]:
        TorchRuntime.Start(Number(threads));
        Console.WriteLine(OptimizerBenchmark.Run(Number(layers), Number(width), Number(inner), Number(vocabulary), Number(pairs)));
        return 0;
    case ["memory", var folder, var batch, var sequence, "keep" or "checkpoint"]:
        TorchRuntime.Start(null);
        Console.WriteLine(MemoryBenchmark.Run(folder, Number(batch), Number(sequence), args[^1] == "checkpoint"));
        return 0;
    default:
        await Console.Error.WriteLineAsync("usage: Espalier.Benchmarks binding [THREADS] | optimizer LAYERS WIDTH INNER VOCABULARY PAIRS THREADS | memory FOLDER BATCH SEQUENCE keep|checkpoint | kd-step FOLDER PAIRS THREADS -- PEER-COMMAND...");
        return 2;
}
