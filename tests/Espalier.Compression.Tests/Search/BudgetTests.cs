using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;

namespace Espalier.Compression.Tests.Search;

public sealed class BudgetTests
{
    [Theory]
    [InlineData("4.0B +-5%", 3.8e9, 4.2e9)]
    [InlineData("4B ± 5%", 3.8e9, 4.2e9)]
    [InlineData("3M+-0.05", 2_850_000, 3_150_000)]
    [InlineData("7.80B to 8.50B", 7.8e9, 8.5e9)]
    [InlineData("<= 3M", 0, 3e6)]
    [InlineData("<=300k", 0, 3e5)]
    public void Counts_are_read_exactly(string text, double least, double most) =>
    Assert.Equal(new Budget(least, most), Budget.OfCount(text));

    [Theory]
    [InlineData("<= 8GiB", 0, 8.0 * (1 << 30))]
    [InlineData("500MB to 1GB", 5e8, 1e9)]
    [InlineData("<= 1000", 0, 1000)]
    public void Bytes_have_units(string text, double least, double most) => Assert.Equal(new Budget(least, most), Budget.OfBytes(text));

    [Theory]
    [InlineData("<= 20ms", 0, 0.02)]
    [InlineData("300us to 0.5s", 3e-4, 0.5)]
    [InlineData("<= 2", 0, 2)]
    public void Times_have_units(string text, double least, double most)
    {
        var budget = Budget.OfSeconds(text);
        Assert.Equal((least, most), (Math.Round(budget.Least, 12), Math.Round(budget.Most, 12)));
    }

    [Theory]
    [InlineData("4.0B +-5%")]
    [InlineData("7 +-3%")]
    [InlineData("<= 3M")]
    [InlineData("94B to 1T")]
    public void What_is_written_reads_back(string text)
    {
        var budget = Budget.OfCount(text);
        Assert.Equal(budget, Budget.OfCount(budget.ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("3M")]
    [InlineData("many +-5%")]
    [InlineData("3M +-100%")]
    [InlineData("3M +--5%")]
    [InlineData("3M to")]
    [InlineData("1 to 2 to 3")]
    [InlineData("-3M +-5%")]
    [InlineData("<= 0")]
    [InlineData(">= 3M")]
    public void What_is_no_budget_is_answered_with_examples(string text) =>
        Assert.Contains("is not a budget; write 3M +-5%, 2.8M to 3.2M or <= 3M",
            Assert.Throws<EspalierException>(() => Budget.OfCount(text)).Message);

    [Fact]
    public void A_range_upside_down_is_refused() =>
        Assert.Contains("the smaller number comes first", Assert.Throws<EspalierException>(() => Budget.OfCount("8B to 7B")).Message);

    [Fact]
    public void Distance_is_a_share_of_the_end_that_is_missed()
    {
        var budget = new Budget(100, 200);
        Assert.Equal([0.5, 0, 0, 0, 0.25], new[] { 50.0, 100, 150, 200, 250 }.Select(budget.Distance));
        Assert.Equal([false, true, true], new[] { 99.9, 100, 200 }.Select(value => budget.Distance(value) == 0));
    }

    [Theory]
    [InlineData("29-32", "29 30 31 32")]
    [InlineData("192-256 step 64", "192 256")]
    [InlineData("100-199 step 64", "100 164")]
    [InlineData("8, 4, 8", "4 8")]
    [InlineData("1k, 3-4", "3 4 1000")]
    public void Sizes_come_once_and_ascend(string texts, string expected) =>
        Assert.Equal(expected,
            string.Join(' ', SizeRange.Parse(texts.Split(", ")).Select(size => size.ToString(CultureInfo.InvariantCulture))));

    [Theory]
    [InlineData("wide", "'wide' is not a size; write a whole number from 1, 29-32 or 192-256 step 64")]
    [InlineData("1-99999999999", "'1-99999999999': 99999999999 is above 1073741824, the largest size")]
    [InlineData("0", "is not a size")]
    [InlineData("8 step 2", "is not a size")]
    [InlineData("1-2-3", "is not a size")]
    [InlineData("32-29", "begins at 32 but ends at 29; the smaller size comes first")]
    [InlineData("1-1000000", "has 1000000 sizes; the limit is 10000; use larger steps")]
    [InlineData("1-8 step 0", "is not a size")]
    public void What_is_no_size_is_named(string text, string expected) =>
    Assert.Contains(expected, Assert.Throws<EspalierException>(() => SizeRange.Parse([text])).Message);
}
