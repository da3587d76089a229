using System.Text.RegularExpressions;
using Espalier.Pipeline.Runs.Logs;

namespace Espalier.Cli.Tests.Survival;

/// <summary>Promise R15: one run at a time in a folder; the lock ends with the process.</summary>
[Collection(SharedSmallRun.Name)]
public sealed class LockTests(SmallRun small)
{
    [Fact]
    public void A_second_run_in_the_same_folder_is_refused_naming_the_first_and_kill_9_frees_it()
    {
        var run = small.At("shared");
        using (var first = small.Start(run))
        {
            first.Spin(() => File.Exists(Path.Combine(run, "run.json")));
            // It is over in a second or two, which on a busy machine is no more than the other one takes to start.
            first.Signal("STOP");
            using var second = small.Start(run);
            Assert.Equal(2, second.Wait());
            Assert.Matches($"is in use by process {first.Id} on {Regex.Escape(Environment.MachineName)}, started ", second.Error);
            Assert.False(first.HasExited, "the first run ended while it was stopped");
            // While it works, readers see whole lines or none.
            var lines = 0L;
            first.Signal("CONT");
            first.Until(() => Read() > 0 && SmallRun.Checkpoints(run).Length > 1);
            long Read()
            {
                foreach (var log in Directory.EnumerateFiles(run, "metrics.jsonl", SearchOption.AllDirectories))
                    lines += MetricsLines.Read(log).Count();
                return lines;
            }
            Assert.True(lines > 0, "no line was read while the run worked");
            first.Kill();
        }
        small.AssertUndisturbed(small.Finish(run));
    }

    [Fact]
    public void Of_three_that_start_at_once_one_works_and_two_are_refused()
    {
        var run = small.At("race");
        RealProgram[] programs = [small.Start(run), small.Start(run), small.Start(run)];
        var codes = programs.Select(program => program.Wait()).ToArray();
        Assert.Equal([0, 2, 2], codes.Order());
        Assert.All(programs.Where((_, i) => codes[i] == 2),
            program => Assert.Contains("is in use by ", program.Error, StringComparison.Ordinal));
        small.AssertUndisturbed(run);
        foreach (var program in programs)
            program.Dispose();
    }
}
