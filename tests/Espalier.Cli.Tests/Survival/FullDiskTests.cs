using System.Text.RegularExpressions;

namespace Espalier.Cli.Tests.Survival;

/// <summary>Promise R4 on a real full disk; every single operation that fails is tested with a faulty file layer.</summary>
[Collection(SharedSmallRun.Name)]
public sealed class FullDiskTests(SmallRun small)
{
    [MountFact]
    public void A_disk_that_is_too_small_is_refused_with_both_numbers_before_the_first_step()
    {
        using var disk = SmallDisk.Mount(small.At("too-small"), "2m");
        var run = Path.Combine(disk.Path, "run");
        using var program = small.Start(run);
        Assert.Equal(2, program.Wait());
        Assert.Matches(
            "four checkpoints and the model need [0-9]+ bytes but only [0-9]+ bytes is free there; free [0-9]+ bytes or choose another "
                + "folder",
            program.Error);
        Assert.DoesNotContain(SmallRun.Logs(run), log => log.Contains("\"step\"", StringComparison.Ordinal));
    }

    [MountFact]
    public void A_disk_that_fills_up_stops_the_run_with_one_clear_line_and_it_goes_on_when_there_is_room()
    {
        using var disk = SmallDisk.Mount(small.At("filling"), "24m");
        var run = Path.Combine(disk.Path, "run");
        var filler = Path.Combine(disk.Path, "filler");
        using (var program = small.Start(run))
        {
            program.Until(() => SmallRun.Checkpoints(run).Length > 0);
            program.Signal("STOP");
            Fill(filler);
            program.Signal("CONT");
            var code = program.Wait();
            Assert.True(code == 1, $"exit code {code}: {program.Error}");
            Assert.Contains("No space left on device", program.Error, StringComparison.Ordinal);
            Assert.True(Regex.IsMatch(program.Error, "the disk is full .*the checkpoint of step [0-9]+ is intact; free some space"),
                program.Error);
            Assert.Single(program.Error.Split("espalier: error: ").Skip(1));
        }
        Assert.NotEmpty(SmallRun.Checkpoints(run));
        File.Delete(filler);
        small.Finish(run);
        small.AssertUndisturbed(run);
    }

    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        foreach (var chunk in new[] { 1 << 20, 1 << 12, 1 })
            try
            {
                for (var bytes = new byte[chunk]; ;)
                    file.Write(bytes);
            }
            catch (IOException)
            {
                // Full for pieces of this size.
            }
    }
}
