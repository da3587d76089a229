using Espalier.Tests;

namespace Espalier.Cli.Tests.Survival;

/// <summary>
/// Promise R1: kill -9 at any time, a quarter of the times inside the write of a checkpoint, and the end has the same bits.
/// </summary>
[Collection(SharedSmallRun.Name)]
public sealed class KillTests(SmallRun small)
{
    [Fact]
    public void Killed_again_and_again_the_run_ends_with_the_same_bits()
    {
        var random = new Random(20261122);
        var (kills, inside, ofThisRun, mostOfARun, runs) = (0, 0, 0, 0, 0);
        var wanted = LongRun.Times(10, 200);
        var run = small.At("killed-0");
        for (var attempt = 0; kills < wanted; attempt++)
        {
            Assert.True(attempt < 4 * wanted, $"{attempt} starts met only {kills} times a program that could be killed");
            using var program = small.Start(run);
            var (logs, checkpoints) =
                (SmallRun.Logs(run).Sum(log => log.Length), SmallRun.Checkpoints(run).Length == 0 ? "" : SmallRun.Checkpoints(run)[^1]);
            var intoWrite = inside * 4 <= kills;
            if (intoWrite)
                program.Spin(() => SmallRun.Checkpoints(run, ".tmp").Length > 0);
            else if (attempt % 3 == 0)
                program.Until(() => SmallRun.Checkpoints(run) is [.., var newest] && newest != checkpoints);
            else if (attempt % 3 == 1)
                program.Until(() => SmallRun.Logs(run).Sum(log => log.Length) > logs);
            else
                Thread.Sleep(random.Next(0, 500));
            if (program.HasExited)
            {
                Assert.True(program.Wait() == 0, program.Error);
                small.AssertUndisturbed(run);
                Directory.Delete(run, recursive: true);
                (run, ofThisRun) = (small.At($"killed-{++runs}"), 0);
                continue;
            }
            program.Kill();
            kills++;
            mostOfARun = Math.Max(mostOfARun, ++ofThisRun);
            if (SmallRun.Checkpoints(run, ".tmp").Length > 0)
                inside++;
        }
        small.AssertUndisturbed(small.Finish(run));
        Assert.True(inside * 4 >= kills - 4, $"{inside} of {kills} kills were inside a checkpoint's write");
        Assert.True(mostOfARun >= Math.Min(20, wanted), $"no run was killed more than {mostOfARun} times");
    }
}
