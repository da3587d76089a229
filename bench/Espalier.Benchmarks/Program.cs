using System.Globalization;
using Espalier.Benchmarks;
using Espalier.Torch;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;

if (args is not ["binding", ..])
{
    await Console.Error.WriteLineAsync("usage: Espalier.Benchmarks binding [THREADS]");
    return 2;
}
TorchRuntime.Start(args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : null);
Console.WriteLine(BindingBenchmark.Run());
return 0;
