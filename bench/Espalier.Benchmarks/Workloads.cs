using System.Diagnostics;
using Espalier.Models.Tokenizers;

namespace Espalier.Benchmarks;

/// <summary>
/// Five fixed pieces of work on one thread whose instructions are counted (tests/instructions). Counting starts when the work was done once
/// before and ends after it, so that neither the start of the program nor the compiler counts.
/// </summary>
internal static class Workloads
{
    /// <summary>Does a piece of work so many times, under callgrind with counting switched on for just that.</summary>
    public static void Run(string name, int times)
    {
        var work = name == "tokenizer" ? Tokenizing() : Kernel(name);
        for (var i = 0; i < 3; i++)
            work();
        // Once for nothing: what switching itself compiles is compiled then.
        Count("off");
        Count("on");
        for (var i = 0; i < times; i++)
            work();
        Count("off");
    }

    private static void Count(string onOrOff)
    {
        string[] arguments = [$"--pid={Environment.ProcessId.ToString(CultureInfo.InvariantCulture)}", "instrumentation", onOrOff];
        using var control =
            Process.Start(new ProcessStartInfo("vgdb", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = control.StandardError.ReadToEnd() + control.StandardOutput.ReadToEnd();
        control.WaitForExit();
        if (control.ExitCode != 0)
            throw new InvalidOperationException($"vgdb instrumentation {onOrOff}: {said.Trim()}");
    }

    private static Action Tokenizing()
    {
        var tokenizer = Tokenizer.Load(BundledTeacher.Folder);
        var text =
            string.Concat(Enumerable.Range(0, 200)
                .Select(i => $"Method {i} of the type returns what the reader's {i % 7}th page holds; it isn't thread-safe.\n"));
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
