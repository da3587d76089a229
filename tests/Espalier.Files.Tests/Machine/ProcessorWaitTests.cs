namespace Espalier.Files.Tests.Machine;

public sealed class ProcessorWaitTests
{
    [Fact]
    public void The_share_is_that_of_each_window_and_nothing_is_said_before_its_end()
    {
        var clock = new Clock();
        var counts = new Queue<(double, double)?>([(10, 1), (16, 4), (16, 4), (20, 4), null, (30, 9), (31, 10)]);
        var wait = new ProcessorWait(TimeSpan.FromSeconds(10), clock, counts.Dequeue);
        Assert.Null(wait.Look());
        clock.Seconds += 9;
        Assert.Null(wait.Look());
        clock.Seconds += 1;
        Assert.Equal(3.0 / 9, wait.Look()!.Value, 1e-12);
        clock.Seconds += 10;
        Assert.Null(wait.Look()); // nothing ran
        clock.Seconds += 10;
        Assert.Equal(0, wait.Look());
        clock.Seconds += 10;
        Assert.Null(wait.Look()); // not known
        clock.Seconds += 10;
        Assert.Null(wait.Look());
        clock.Seconds += 10;
        Assert.Equal(0.5, wait.Look()!.Value, 1e-12);
    }

    [Fact]
    public void What_the_system_counts_is_read()
    {
        Assert.Equal((2.5, 0.25), ProcessorWait.Parse("2500000000 250000000 17\n"));
        Assert.Null(ProcessorWait.Parse(""));
        Assert.Null(ProcessorWait.Parse("a b c"));
        Assert.True(ProcessorWait.OfThisProcess() is null or { Ran: > 0 });
    }

    private sealed class Clock : TimeProvider
    {
        public double Seconds { get; set; } = 1;

        public override long GetTimestamp() => (long)(Seconds * TimestampFrequency);
    }
}
