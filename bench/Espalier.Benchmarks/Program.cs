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
    case ["kd-memory", var folder, var steps, var threads]:
        Console.WriteLine(KdMemoryBenchmark.Run(folder, Number(steps), Number(threads)));
        return 0;
    case ["cache", var teacher, var student, var ids, .. var rest]:
        TorchRuntime.Start(rest.Length > 0 ? Number(rest[0]) : null);
        CacheBenchmark.Run(teacher, student, ids, Console.WriteLine);
        return 0;
    default:
        await Console.Error.WriteLineAsync("usage: Espalier.Benchmarks binding [THREADS] | kd-step FOLDER PAIRS THREADS -- PEER-COMMAND... | kd-memory FOLDER STEPS THREADS | cache TEACHER STUDENT IDS [THREADS]");
        return 2;
}
