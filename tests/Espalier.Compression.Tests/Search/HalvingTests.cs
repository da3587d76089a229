using Espalier.Compression.Evaluation;
using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;

namespace Espalier.Compression.Tests.Search;

public sealed class HalvingTests
{
    // Windows around the mean, so that differences between candidates have the standard error that is asked for.
    private static TextLoss Loss(double nll, double noise = 0, int seed = 0, string text = "held-out")
    {
        var random = new Random(seed);
        var windows = Enumerable.Range(0, 16).Select(i => nll + (noise * (i % 2 == 0 ? 1 : -1) * (1 + random.NextDouble()))).ToArray();
        return new(text, windows.Average(), 0, windows);
    }

    private static HalvingResult Run(int candidates, long[] rungs, Func<int, int, double> loss,
        List<(int Candidate, int Rung)>? asked = null, double noise = 0) =>
        Halving.Run(candidates, rungs, (candidate, rung) =>
        {
            asked?.Add((candidate, rung));
            return [Loss(loss(candidate, rung), noise, seed: candidate)];
        });

    [Fact]
    public void The_better_half_goes_on_and_nobody_is_trained_twice()
    {
        var asked = new List<(int Candidate, int Rung)>();
        // The order turns round at every rung, so it is never stable.
        var result = Run(8, [10, 20, 40], (candidate, rung) => rung % 2 == 0 ? candidate : -candidate, asked);
        Assert.Equal([8, 4, 2], result.Rungs.Select(rung => rung.Order.Count));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], result.Rungs[0].Order);
        Assert.Equal([3, 2, 1, 0], result.Rungs[1].Order);
        Assert.Equal([2, 3], result.Rungs[2].Order);
        Assert.Equal(asked.Count, asked.Distinct().Count());
        Assert.Equal((14, HalvingEnd.RungsUsedUp, 2), (asked.Count, result.End, result.Best));
        Assert.Equal([2, 3, 1, 0, 4, 5, 6, 7], result.Order);
    }

    [Fact]
    public void An_order_that_stays_ends_the_search_at_the_second_rung()
    {
        var result = Run(6, [10, 20, 40, 80], (candidate, rung) => 3 - rung + 0.1 * candidate);
        // Without any noise differences have no error and are equal in all windows: that is apart, not chance.
        Assert.Equal((2, HalvingEnd.Stable, 0), (result.Rungs.Count, result.End, result.Best));
        Assert.Equal([6, 3], result.Rungs.Select(rung => rung.Order.Count));
    }

    [Fact]
    public void The_same_order_within_the_standard_error_does_not_end_it()
    {
        var result = Run(4, [10, 20, 40], (candidate, _) => 3 + 1e-6 * candidate, noise: 0.5);
        Assert.Equal((3, HalvingEnd.RungsUsedUp), (result.Rungs.Count, result.End));
    }

    [Fact]
    public void Two_that_swap_are_trained_to_the_last_rung()
    {
        var result = Run(2, [10, 20, 40], (candidate, rung) => (candidate + rung) % 2);
        Assert.Equal([2, 2, 2], result.Rungs.Select(rung => rung.Order.Count));
        Assert.Equal((HalvingEnd.RungsUsedUp, 0), (result.End, result.Best));
    }

    [Fact]
    public void One_alone_is_trained_for_one_rung()
    {
        var result = Run(1, [10, 20], (_, _) => 1);
        Assert.Equal((1, HalvingEnd.OneAlone, 0), (result.Rungs.Count, result.End, result.Best));
    }

    [Fact]
    public void A_candidate_whose_loss_is_not_finite_is_last_and_goes_no_further()
    {
        var asked = new List<(int Candidate, int Rung)>();
        // The best of the first rung diverges in the second.
        var result = Run(5, [10, 20, 40], (candidate, rung) => (candidate, rung) is (2, 0) or (0, 1) ? double.NaN
            : rung % 2 == 0 ? candidate : -candidate, asked);
        Assert.Equal([0, 1, 3, 4, 2], result.Rungs[0].Order);
        Assert.Equal([3, 1, 0], result.Rungs[1].Order);
        Assert.Equal([(1, 2), (3, 2)], asked.Where(one => one.Rung == 2).Order());
        Assert.Equal(1, result.Best);
        Assert.Equal([1, 3, 4, 0, 2], result.Order);
    }

    [Fact]
    public void One_that_is_left_alone_is_taken_and_where_none_is_the_best_of_before()
    {
        var alone = Run(3, [10, 20], (candidate, _) => candidate == 1 ? 1 : double.PositiveInfinity);
        Assert.Equal((1, HalvingEnd.OneAlone, 1), (alone.Rungs.Count, alone.End, alone.Best));
        var none = Run(4, [10, 20, 40], (candidate, rung) => rung == 0 ? candidate : double.NaN);
        Assert.Equal((2, "ended at 20 steps: no candidate that came so far has a finite loss"), (none.Rungs.Count, Halving.Why(none)));
        Assert.Equal([2, 3, 0, 1], none.Order);
        Assert.False(Halving.AreFinite(Run(2, [10], (_, _) => double.NaN).Rungs[0].Losses[0]));
    }

    [Fact]
    public void One_loss_that_is_not_finite_is_enough()
    {
        double[][] nll = [[1, double.NaN], [2, 2], [3, 1]];
        var result = Halving.Run(3, [5], (candidate, _) => [.. nll[candidate].Select((loss, text) => Loss(loss, text: $"t{text}"))]);
        Assert.Equal([1, 2, 0], result.Rungs[0].Order);
    }

    [Fact]
    public void Several_texts_are_combined_by_their_mean_rank()
    {
        // By held-out loss alone 0 would win by a hair; on the two other texts it is last.
        double[][] nll = [[1.00, 9, 9], [1.01, 1, 1], [1.02, 2, 2]];
        var result = Halving.Run(3, [5], (candidate, _) => [.. nll[candidate].Select((loss, text) => Loss(loss, text: $"t{text}"))]);
        Assert.Equal([1, 0, 2], result.Rungs[0].Order);
    }

    [Fact]
    public void An_order_that_one_task_cannot_tell_apart_is_not_stable()
    {
        // On the held-out text the two are far apart. On the task the second is worse by 0.1 in the mean, and by 0.1 ± noise by turns.
        HalvingResult Of(double noise) => Halving.Run(2, [5, 10, 20], (candidate, _) =>
        {
            double[] documents = [.. Enumerable.Range(0, 16).Select(i => 1 + candidate * (0.1 + (i % 2 == 0 ? noise : -noise)))];
            return [Loss(3 + candidate), new("task", documents.Average(), 0, documents)];
        });
        // The standard error of 16 differences of ± noise is noise / sqrt(15).
        Assert.Equal((3, HalvingEnd.RungsUsedUp), (Of(0.39).Rungs.Count, Of(0.39).End));
        Assert.Equal((2, HalvingEnd.Stable), (Of(0.38).Rungs.Count, Of(0.38).End));
    }

    [Fact]
    public void Places_are_counted_from_one_and_equal_ones_share_theirs()
    {
        TextLoss[][] losses = [[Loss(2), Loss(1)], [Loss(1), Loss(1)], [Loss(3), Loss(0)]];
        double[][] expected = [[2, 1, 3], [2.5, 2.5, 1]];
        Assert.Equal(expected, Halving.Places(losses));
    }

    [Theory]
    [InlineData(8, "8 4 2 2")]
    [InlineData(5, "5 3 2 2")]
    [InlineData(2, "2 2 2 2")]
    [InlineData(1, "1")]
    public void Sizes_are_what_a_run_has_that_never_settles(int candidates, string expected)
    {
        Assert.Equal(expected, string.Join(' ', Halving.Sizes(candidates).Take(4)));
        var run = Run(candidates, [1, 2, 3, 4], (candidate, rung) => rung % 2 == 0 ? candidate : -candidate);
        Assert.Equal(expected, string.Join(' ', run.Rungs.Select(rung => rung.Order.Count)));
    }

    [Fact]
    public void A_paired_difference_has_the_error_of_the_differences_alone()
    {
        // Windows differ by far more than the models do.
        var difference = PairedDifference.Of([1.1, 5.2, 9.3], [1, 5, 9]);
        Assert.Equal(0.2, difference.Mean, 1e-12);
        Assert.Equal(0.1 / Math.Sqrt(3), difference.StandardError!.Value, 1e-12);
        Assert.Null(PairedDifference.Of([2], [1]).StandardError);
    }

    [Fact]
    public void The_front_is_what_nothing_beats_in_both()
    {
        (double Cost, double Loss)[] all = [(3, 1), (1, 3), (2, 3), (2, 2), (2, 2), (4, 1), (5, double.NaN), (1, 4)];
        Assert.Equal([(1, 3), (2, 2), (2, 2), (3, 1)], ParetoFront.Of(all, item => item.Cost, item => item.Loss));
    }
}
