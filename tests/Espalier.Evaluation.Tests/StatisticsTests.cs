using Espalier.Evaluation.Statistics;

namespace Espalier.Evaluation.Tests;

/// <summary>Comparisons of models on the same documents.</summary>
public sealed class StatisticsTests
{
    // 2 Σ C(n, k) / 2ⁿ in whole numbers, by Python.
    [Theory]
    [InlineData(0, 0, 1)]
    [InlineData(5, 5, 1)]
    [InlineData(1, 9, 0.021484375)]
    [InlineData(0, 10, 0.001953125)]
    [InlineData(40, 60, 0.05688793364098078)]
    [InlineData(1000, 1200, 2.1817026407914712e-05)]
    public void The_exact_test_of_mcnemar(int first, int second, double expected)
    {
        Assert.Equal(expected, McNemar.Probability(first, second), 1e-9 * expected);
        Assert.Equal(McNemar.Probability(first, second), McNemar.Probability(second, first));
    }

    [Fact]
    public void Many_comparisons_raise_what_each_finds()
    {
        Assert.Equal([0.03, 0.06, 0.06, 0.9], Holm.Adjust([0.0075, 0.02, 0.03, 0.9]).Select(p => Math.Round(p, 10)));
        Assert.Equal([0.8, 0.3], Holm.Adjust([0.8, 0.15]).Select(p => Math.Round(p, 10)));
        Assert.Equal([1, 1], Holm.Adjust([0.8, 0.9]));
    }

    [Theory]
    [InlineData(400, 0.30, 0.20)]
    [InlineData(30, 0.30, 0.20)]
    [InlineData(14_042, 0.12, 0.10)]
    public void The_interval_is_that_of_the_normal_where_there_are_many(int documents, double onlyFirst, double onlySecond)
    {
        double[] first = [.. Enumerable.Range(0, documents).Select(i => i < onlyFirst * documents ? 1.0 : 0)];
        double[] second = [.. Enumerable.Range(0, documents).Select(i => i >= (1 - onlySecond) * documents ? 1.0 : 0)];
        var found = PairedBootstrap.Of(first, second);
        var differences = first.Zip(second, (a, b) => a - b).ToArray();
        var mean = differences.Average();
        var error = Math.Sqrt(differences.Sum(d => (d - mean) * (d - mean)) / documents / documents);
        Assert.Equal(mean, found.Difference, 1e-12);
        Assert.Equal(mean - 1.96 * error, found.Lower, 0.12 * error + 1.0 / documents);
        Assert.Equal(mean + 1.96 * error, found.Upper, 0.12 * error + 1.0 / documents);
        Assert.Equal(found, PairedBootstrap.Of(first, second));
    }

    [Fact]
    public void Equal_models_have_no_interval() =>
        Assert.Equal(new(0, 0, 0), PairedBootstrap.Of([1, 0, 1], [1, 0, 1]));
}
