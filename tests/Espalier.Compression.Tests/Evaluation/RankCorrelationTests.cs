using Espalier.Compression.Evaluation;

namespace Espalier.Compression.Tests.Evaluation;

public sealed class RankCorrelationTests
{
    [Theory]
    [InlineData("1 2 3 4", "10 20 30 1000", 1)]
    [InlineData("1 2 3 4", "4 3 2 1", -1)]
    [InlineData("1 2 3 4 5", "2 1 4 3 5", 0.8)]
    // Ranks 1.5 1.5 3 4 against 1 2 3 4: 4.5 / √(4.5 · 5).
    [InlineData("7 7 8 9", "1 2 3 4", 0.948683298050514)]
    public void Spearman_is_the_correlation_of_the_ranks(string first, string second, double expected) =>
        Assert.Equal(expected, RankCorrelation.Spearman(Numbers(first), Numbers(second)), 1e-12);

    [Fact]
    public void Without_an_order_there_is_no_correlation() =>
        Assert.True(double.IsNaN(RankCorrelation.Spearman([1, 1, 1], [1, 2, 3])));

    private static double[] Numbers(string text) => [.. text.Split(' ').Select(double.Parse)];
}
