namespace Espalier.Cli.Tests.Survival;

/// <summary>Promise R14 on the real program: a learning rate that blows the model up after a step.</summary>
[Collection(SharedSmallRun.Name)]
public sealed class NotFiniteTests(SmallRun small)
{
    [Fact]
    public void Steps_that_are_not_finite_are_logged_with_their_windows_and_ten_stop_the_run_the_same_way_every_time()
    {
        var (run, recipe) = (small.At("blown-up"), small.WriteRecipe("blown-up", "1e15 to 1e15"));
        var first = Stop();
        Assert.Contains("10 steps in a row", first.Error, StringComparison.Ordinal);
        Assert.Contains("windows ", first.Error, StringComparison.Ordinal);
        var lines = first.Logs[0].TrimEnd('\n').Split('\n')[1..].Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("skipped", out _)).ToArray();
        Assert.False(lines[0].GetProperty("skipped").GetBoolean());
        Assert.All(lines[^10..], line =>
        {
            Assert.True(line.GetProperty("skipped").GetBoolean());
            Assert.Equal(4, line.GetProperty("windows").GetArrayLength());
        });

        // Started again it goes on from its last checkpoint, and stops at the same place.
        Assert.NotEmpty(SmallRun.Checkpoints(run));
        var second = Stop();
        Assert.Contains("resuming from step ", second.Error, StringComparison.Ordinal);
        Assert.Equal(first.Logs, second.Logs);

        (string Error, string[] Logs) Stop()
        {
            using var program = small.Start(run, recipe);
            var code = program.Wait();
            Assert.True(code == 1, $"exit code {code}: {program.Error}");
            return (program.Error, SmallRun.Logs(run));
        }
    }
}
