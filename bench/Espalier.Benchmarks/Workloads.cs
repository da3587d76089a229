using Espalier.Models.Tokenizers;
using Espalier.Torch;

namespace Espalier.Benchmarks;

/// <summary>
/// Five fixed pieces of work, each done some times on one thread, whose instructions are counted (tests/instructions): what is counted for more times less what is counted
/// for fewer is the work itself, without the start.
/// </summary>
internal static class Workloads
{
    public static IReadOnlyList<string> Names { get; } = ["norm", "attention", "divergence", "adamw", "tokenizer"];

    public static void Run(string name, int times)
    {
        var work = name == "tokenizer" ? Tokenizing() : Kernel(name);
        for (var i = 0; i < times; i++)
            work();
    }

    private static Action Tokenizing()
    {
        var tokenizer = Tokenizer.Load(BundledTeacher.Folder);
        var text = string.Concat(Enumerable.Range(0, 200).Select(i => $"Method {i} of the type returns what the reader's {i % 7}th page holds; it isn't thread-safe.\n"));
        var ids = new List<int>();
        return () =>
        {
            ids.Clear();
            tokenizer.Encode(text, ids);
        };
    }

    private static Action Kernel(string name)
    {
        TorchRuntime.Start(1);
        var work = KernelsBenchmark.Small(name);
        return () =>
        {
            using var scope = TensorScope.Begin();
            work();
        };
    }
}
