using Espalier.Compression.Evaluation;

namespace Espalier.Compression.Tests.Evaluation;

public sealed class RankCorrelationTests
{
    [Fact]
    public void One_order_is_one_the_reverse_minus_one_whatever_the_distances()
    {
        Assert.Equal(1, RankCorrelation.Spearman([1, 2, 3, 4], [-5, 0, 0.1, 1e9]));
        Assert.Equal(-1, RankCorrelation.Spearman([1, 2, 3, 4], [8, 4, 2, 1]));
    }

    [Fact]
    public void Without_ties_it_is_one_minus_six_times_the_squared_distances_of_ranks()
    {
        // Ranks 1 2 3 4 5 against 2 1 4 3 5: squared distances add up to 4, and 1 - 6 · 4 / (5 · 24) is 0.8.
        Assert.Equal(0.8, RankCorrelation.Spearman([10, 20, 30, 40, 50], [2, 1, 4, 3, 5]), 1e-12);
    }

    [Fact]
    public void Equal_values_share_the_mean_of_their_ranks()
    {
        // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: covariance 4.5, variances 4.5 and 5.
        Assert.Equal(4.5 / Math.Sqrt(4.5 * 5), RankCorrelation.Spearman([1, 7, 7, 9], [1, 2, 3, 4]), 1e-12);
    }

    [Fact]
    public void A_list_that_does_not_vary_has_no_order()
    {
        Assert.Equal(0, RankCorrelation.Spearman([3, 3, 3], [1, 2, 3]));
        Assert.Equal(0, RankCorrelation.Spearman([], []));
        Assert.Throws<ArgumentException>(() => RankCorrelation.Spearman([1], [1, 2]));
    }
}
