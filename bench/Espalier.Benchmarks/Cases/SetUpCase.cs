using System.Diagnostics;

namespace Espalier.Benchmarks;

/// <summary>P18: from a clean clone to the first training step with warm packages, and what starting the program costs.</summary>
internal static class SetUpCase
{
    public static IEnumerable<Row> Run(CaseInput input)
    {
        using var work = new TemporaryFolder();
        var clone = work.At("clone");
        Command("git", ".", "-c", "safe.directory=*", "clone", "--quiet", "--no-hardlinks", Path.GetFullPath("."), clone);
        var ids = Path.GetFullPath(BundledTeacher.Ids);
        var first =
            Cost.Of(() =>
                Command("./espalier", clone, "pretrain", "models/quickstart-teacher", "--ids", ids, "--steps", "1", "--batch", "1", "--seq",
                    "64", "--output", work.At("model"))).Wall;
        double[] starts = [.. Enumerable.Range(0, input.Pairs).Select(_ => Cost.Of(() => Command("./espalier", clone, "--version")).Wall)];
        yield return Seconds("clean clone to the end of a first step", Quantiles.Exactly(first), 60);
        yield return Seconds("espalier --version", Quantiles.Of(starts), 0.3);

        Row Seconds(string what, Quantiles value, double most) =>
            new() { Case = input.Subject, Threads = input.Threads, Quantity = what + ", s", Value = value, AtMost = most };
    }

    private static void Command(string program, string folder, params string[] arguments)
    {
        var file = program.StartsWith('.') ? Path.Combine(folder, program) : program;
        using var process =
            Process.Start(
                new ProcessStartInfo(file, arguments)
                {
                    WorkingDirectory = folder,
                    RedirectStandardOutput = true,
                    RedirectStandardError = true
                })!;
        var errors = process.StandardError.ReadToEndAsync();
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: exit code {process.ExitCode}: {errors.Result}");
    }
}
