using Espalier.Torch.Native;

namespace Espalier.Torch.Tests;

/// <summary>Threads that wait spin long on a machine that is theirs, and briefly where others want the processors.</summary>
public sealed class SpinWatchTests
{
    private static bool[] After(SpinChoice choice, params double?[] shares) => [.. shares.Select(choice.Next)];

    [Fact]
    public void Waiting_for_others_makes_it_brief_at_once_and_quiet_looks_make_it_long_again()
    {
        var choice = new SpinChoice();
        Assert.Equal([false, false, true, true], After(choice, 0.0, 0.05, 0.4, 0.4));
        Assert.All(After(choice, [.. Enumerable.Repeat<double?>(0.0, 7)]), Assert.True);
        Assert.Equal([false], After(choice, 0.0));
    }

    [Fact]
    public void A_look_that_is_not_quiet_begins_the_count_anew_and_one_without_work_does_not_count()
    {
        var choice = new SpinChoice();
        Assert.All(After(choice, 0.5, 0, 0, 0, 0, 0, 0, 0, 0.05, 0, 0, 0, 0, null, 0, 0, 0), Assert.True);
        Assert.Equal([false], After(choice, 0.0));
    }

    [Fact]
    public void Who_was_wrong_waits_twice_as_long_the_next_time_but_a_minute_at_most()
    {
        var choice = new SpinChoice();
        var needed = new List<int>();
        for (var round = 0; round < 8; round++)
        {
            Assert.True(choice.Next(0.5));
            var looks = 1;
            while (choice.Next(0))
                looks++;
            needed.Add(looks);
        }
        Assert.Equal([8, 16, 32, 64, 128, 240, 240, 240], needed);
        Assert.All(After(choice, [.. Enumerable.Repeat<double?>(0.0, 300)]), Assert.False); // right for long: forgotten
        Assert.All(After(choice, 0.5, 0, 0, 0, 0, 0, 0, 0), Assert.True);
        Assert.Equal([false], After(choice, 0.0));
    }

    [Fact]
    public void A_team_sleeps_while_spins_are_brief_and_goes_with_them()
    {
        TorchRuntime.Start(2);
        Assert.True(BriefSpins.IsKnown, "this libtorch's OpenMP is not libgomp");
        static int Sleepers() => Directory.EnumerateDirectories("/proc/self/task").Count();
        var fewer = 0;
        for (var i = 0; i < 20 && fewer == 0; i++) // other tests start and end threads meanwhile
        {
            var before = Sleepers();
            using (BriefSpins.Begin(1024))
                fewer = Sleepers() - before;
            Assert.True(Sum() == 512 * 1000);
        }
        Assert.InRange(fewer, 2, 16);
        Assert.Null(BriefSpins.Begin(-1000));
    }

    [Theory]
    [InlineData("12345 678 9\n", 12345L, 678L)]
    [InlineData("0 0 0\n", 0L, 0L)]
    public void What_the_system_counts_is_read(string text, long ran, long waited) =>
        Assert.Equal((ran, waited), SpinWatch.Parse(System.Text.Encoding.ASCII.GetBytes(text)));

    [Theory]
    [InlineData("")]
    [InlineData("12345")]
    [InlineData("12345 ")]
    [InlineData("x y z")]
    public void What_it_does_not_count_is_nothing(string text) => Assert.Null(SpinWatch.Parse(System.Text.Encoding.ASCII.GetBytes(text)));

    private static double Sum()
    {
        using var scope = TensorScope.Begin();
        return Tensor.Full(1, DType.Float32, 512, 1000).Sum().Item();
    }
}
