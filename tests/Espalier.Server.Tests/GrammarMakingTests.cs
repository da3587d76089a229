using Espalier.Server.Loading;

namespace Espalier.Server.Tests;

/// <summary>Grammars are made a few at once, apart from what answers everybody else.</summary>
public sealed class GrammarMakingTests
{
    [Fact]
    public async Task Few_are_made_at_once_and_who_asks_for_none_does_not_wait()
    {
        var (running, most) = (0, 0);
        using var goOn = new ManualResetEventSlim();
        var gate = new Lock();
        var all = Enumerable.Range(0, 40).Select(i => ServedGrammars.MakingAsync(true, () =>
        {
            lock (gate)
                most = Math.Max(most, ++running);
            goOn.Wait();
            lock (gate)
                running--;
            return i;
        }, CancellationToken.None)).ToArray();
        Assert.Equal(7, await ServedGrammars.MakingAsync(false, () => 7, CancellationToken.None));
        // Who leaves while it waits is not made at all.
        using var leaves = new CancellationTokenSource();
        var left = ServedGrammars.MakingAsync<int>(true, () => throw new InvalidOperationException("it was made"), leaves.Token);
        await leaves.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        goOn.Set();
        Assert.Equal(Enumerable.Range(0, 40), await Task.WhenAll(all));
        Assert.InRange(most, 1, Math.Max(1, Environment.ProcessorCount / 2));
    }

    [Fact]
    public async Task What_goes_wrong_is_said_and_the_next_one_is_made()
    {
        await Assert.ThrowsAsync<EspalierException>(
            () => ServedGrammars.MakingAsync<int>(true, () => throw new EspalierException("no"), CancellationToken.None));
        Assert.Equal(1, await ServedGrammars.MakingAsync(true, () => 1, CancellationToken.None));
    }
}
