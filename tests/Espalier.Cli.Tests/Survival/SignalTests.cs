using Espalier.Cli.Host;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Survival;

/// <summary>Promise R6: SIGTERM and SIGINT save and end with 130; further signals change nothing.</summary>
[Collection(SharedSmallRun.Name)]
public sealed class SignalTests(SmallRun small)
{
    [Fact]
    public void Stopped_by_a_signal_and_then_another_it_saves_exits_with_130_and_goes_on()
    {
        var run = small.At("stopped");
        using (var program = small.Start(run))
        {
            program.Until(() => SmallRun.Logs(run).Any(log => log.Contains("{\"step\":2,", StringComparison.Ordinal)));
            program.Signal("TERM");
            program.Signal("INT");
            program.Signal("TERM");
            var code = program.Wait();
            Assert.True(code == 130, $"exit code {code}: {program.Error}");
            Assert.Contains("saved at step", program.Error);
            Assert.Single(program.Error.Split("stopping after the current step").Skip(1));
            // What it saved is the last step that it logged: nothing was done in vain.
            var step =
                int.Parse(Path.GetFileName(SmallRun.Checkpoints(run)[^1]).AsSpan(5), System.Globalization.CultureInfo.InvariantCulture);
            Assert.Contains($"{{\"step\":{step},", SmallRun.Logs(run)[0].TrimEnd('\n').Split('\n')[^1], StringComparison.Ordinal);
        }
        small.AssertUndisturbed(small.Finish(run));
    }

    [Fact]
    public void A_closed_terminal_stops_it_as_SIGTERM_does()
    {
        var run = small.At("hung-up");
        using (var program = small.Start(run))
        {
            program.Until(() => SmallRun.Logs(run).Any(log => log.Contains("{\"step\":2,", StringComparison.Ordinal)));
            program.Signal("HUP");
            var code = program.Wait();
            // Under nohup, which the tests may run under as well, it goes on.
            var isIgnored = Interruption.HangupIsIgnored();
            Assert.True(code == (isIgnored ? 0 : 130), $"exit code {code}: {program.Error}");
            Assert.Equal(!isIgnored, program.Error.Contains("saved at step", StringComparison.Ordinal));
        }
        small.AssertUndisturbed(small.Finish(run));
    }

    [Fact]
    public void Stopped_at_random_moments_of_any_stage_it_ends_with_the_same_bits()
    {
        var random = new Random(7);
        var run = small.At("stopped-at-random");
        var stops = 0;
        for (var i = 0; i < LongRun.Times(2, 40); i++)
        {
            using var program = small.Start(run);
            // Before the folder is taken the program has no handlers yet, and a signal just ends it.
            program.Until(() => File.Exists(Path.Combine(run, "run.lock")) && new FileInfo(Path.Combine(run, "run.lock")).Length > 0);
            Thread.Sleep(random.Next(0, 800));
            program.Signal(random.Next(2) == 0 ? "TERM" : "INT");
            var code = program.Wait();
            Assert.True(code is 130 or 0, $"exit code {code}: {program.Error}");
            stops += code == 130 ? 1 : 0;
            if (code != 0)
                continue;
            small.AssertUndisturbed(run);
            Directory.Delete(run, recursive: true);
        }
        Assert.True(stops > 0, "no signal met a running program");
        small.AssertUndisturbed(small.Finish(run));
    }
}
