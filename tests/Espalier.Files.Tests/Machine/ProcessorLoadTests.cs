namespace Espalier.Files.Tests.Machine;

public sealed class ProcessorLoadTests
{
    [Fact]
    public void Busy_processors_are_those_between_two_readings_without_our_own()
    {
        var before = ProcessorLoad.Parse("cpu  1000 0 100 8000 100 0 0 0 500 0\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nintr 5\n")!.Value;
        var after = ProcessorLoad.Parse("cpu  1060 10 110 8100 110 5 5 0 900 0\ncpu0 1 1 1 1\ncpu1 1 1 1 1\nintr 5\n")!.Value;
        // 90 of 200 ticks of two processors: 0.9 of one, of which 0.2 were ours.
        Assert.Equal(0.7, ProcessorLoad.OfOthers(before, after, 0.2), 1e-9);
        Assert.Equal(0, ProcessorLoad.OfOthers(before, after, 1.5));
        Assert.Equal(0, ProcessorLoad.OfOthers(before, before, 0));
    }

    [Theory]
    [InlineData("")]
    [InlineData("cpu 1 2\ncpu0 1 2\n")]
    [InlineData("cpu  1000 0 100 8000 100 0 0 0 0 0\n")]
    public void A_system_that_does_not_say_gives_nothing(string text) => Assert.Null(ProcessorLoad.Parse(text));

    [Fact]
    public void It_can_be_measured_here() => Assert.InRange(ProcessorLoad.OfOthers(TimeSpan.FromMilliseconds(50)), 0, 4096);
}
