using Espalier.Compression.Evaluation;

namespace Espalier.Compression.Tests.Evaluation;

public sealed class WelchIntervalTests
{
    // Of any table of the t distribution.
    [Theory]
    [InlineData(1, 0.95, 12.7062)]
    [InlineData(2, 0.95, 4.3027)]
    [InlineData(5, 0.95, 2.5706)]
    [InlineData(10, 0.95, 2.2281)]
    [InlineData(30, 0.95, 2.0423)]
    [InlineData(120, 0.95, 1.9799)]
    [InlineData(1e7, 0.95, 1.9600)]
    [InlineData(10, 0.99, 3.1693)]
    [InlineData(4, 0.5, 0.7407)]
    public void Quantiles_are_those_of_the_tables(double degrees, double confidence, double expected) =>
        Assert.Equal(expected, StudentT.TwoSidedQuantile(confidence, degrees), 5e-5);

    [Fact]
    public void With_one_degree_it_is_Cauchys_distribution() =>
        // P(|T| > t) = 1 − 2 atan(t) / π.
        Assert.All([0.1, 1, 7, 300.0], t => Assert.Equal(1 - 2 * Math.Atan(t) / Math.PI, StudentT.TwoSidedTail(t, 1), 1e-12));

    [Fact]
    public void Two_samples_give_the_difference_worked_out_by_hand()
    {
        // Means 3 and 1; s² of 2.5 and 1 over n of 5 and 3: 0.5 and 1/3; ν = (5/6)² / (0.25/4 + (1/9)/2) = 5.8824.
        var interval = WelchInterval.Of([1, 2, 3, 4, 5], [0, 1, 2]);
        Assert.Equal(2, interval.Difference, 1e-12);
        Assert.Equal(Math.Sqrt(5.0 / 6), interval.StandardError, 1e-12);
        Assert.Equal(25.0 / 36 / (0.0625 + 1.0 / 18), interval.Degrees, 1e-9);
        var half = StudentT.TwoSidedQuantile(0.95, interval.Degrees) * interval.StandardError;
        Assert.Equal((2 - half, 2 + half), (interval.Lower, interval.Upper));
        Assert.InRange(half, 2.2, 2.3);
    }

    [Fact]
    public void Values_without_any_spread_have_an_interval_without_width()
    {
        var interval = WelchInterval.Of([2, 2], [1, 1, 1]);
        Assert.Equal((1, 0, 1, 1), (interval.Difference, interval.StandardError, interval.Lower, interval.Upper));
    }
}
