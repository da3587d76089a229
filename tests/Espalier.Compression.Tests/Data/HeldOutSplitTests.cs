using Espalier.Compression.Data;

namespace Espalier.Compression.Tests.Data;

public sealed class HeldOutSplitTests
{
    [Fact]
    public void About_the_share_of_many_documents_is_held_out()
    {
        var split = new HeldOutSplit(0.05);
        var held = Enumerable.Range(0, 20_000).Count(i => split.IsHeldOut($"document {i}"));
        Assert.InRange(held, 1000 - 5 * 31, 1000 + 5 * 31); // five standard deviations of a binomial
    }

    [Fact]
    public void A_larger_share_keeps_what_a_smaller_one_held_out()
    {
        var (small, large) = (new HeldOutSplit(0.02), new HeldOutSplit(0.2));
        Assert.All(Enumerable.Range(0, 2000).Select(i => $"text {i}").Where(small.IsHeldOut), text => Assert.True(large.IsHeldOut(text)));
    }

    [Fact]
    public void Side_follows_from_the_sha256_of_the_text()
    {
        // SHA-256 of "abc" begins with ba7816bf8f01cfea: 0.72839 of the range.
        Assert.False(new HeldOutSplit(0.7283).IsHeldOut("abc"));
        Assert.True(new HeldOutSplit(0.7284).IsHeldOut("abc"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-0.01)]
    [InlineData(double.NaN)]
    public void Shares_out_of_range_are_refused(double share) => Assert.Throws<EspalierException>(() => new HeldOutSplit(share));

    [Fact]
    public void Zero_holds_out_nothing() =>
        Assert.DoesNotContain(Enumerable.Range(0, 1000), i => new HeldOutSplit(0).IsHeldOut($"{i}"));
}
