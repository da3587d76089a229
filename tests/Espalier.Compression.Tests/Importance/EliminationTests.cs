using Espalier.Compression.Importance.Values;

namespace Espalier.Compression.Tests.Importance;

public sealed class EliminationTests
{
    [Fact]
    public void Of_near_copies_the_stronger_survives_and_the_weaker_goes_with_one_minus_their_cosine()
    {
        // Units 0 and 2 have the cosine 0.96, 1 stands at right angles to both.
        double[][] vectors = [[1, 0, 0], [0, 0, 5], [0.96 * 2, 0.28 * 2, 0]];
        var scores = Scores(vectors, 3);
        Assert.Equal(0.04, scores[0], 1e-12);
        // Then 1 and 2 are left, at right angles: the weaker, 2, goes with 1; so does the last.
        Assert.Equal([1, 1], scores[1..]);
    }

    [Fact]
    public void Of_three_copies_one_survives()
    {
        var scores = Scores([[1, 2], [-1, -2], [3, 1], [2, 4]], 4);
        Assert.Equal([0, 0], scores[..2].Select(score => Math.Round(score, 12)));
        Assert.True(scores[2] > 0.2 && scores[3] > 0.2, string.Join(", ", scores));
    }

    [Fact]
    public void Equal_units_go_from_the_highest_index_down_and_a_dead_one_is_a_copy_of_any()
    {
        Assert.Equal([1, 0], Scores([[1, 1], [1, 1]], 2).Select(score => Math.Round(score, 12)));
        var withDead = Scores([[0, 0], [1, 0], [0, 1]], 3);
        Assert.Equal(0, withDead[0]);
        Assert.Equal([1, 1], withDead[1..]);
    }

    [Fact]
    public void Of_units_that_are_all_dead_the_first_one_is_left() => Assert.Equal([1, 0, 0], Scores([[0, 0], [0, 0], [0, 0]], 3));

    [Fact]
    public void Groups_are_not_compared_with_each_other()
    {
        double[][] vectors = [[1, 0], [0, 1], [1, 0], [0, 1]];
        Assert.Equal([1, 1, 1, 1], Scores(vectors, 2));
        Assert.Equal(2, Scores(vectors, 4).Count(score => score < 1e-12));
    }

    [Fact]
    public void Scores_rise_in_the_order_of_removal_as_a_search_from_scratch_finds_it()
    {
        var random = new Random(4);
        double[][] vectors = [.. Enumerable.Range(0, 24)
            .Select(_ => Enumerable.Range(0, 5).Select(_ => random.NextDouble() - 0.3).ToArray())];
        var expected = new double[vectors.Length];
        var left = Enumerable.Range(0, vectors.Length).ToList();
        while (left.Count > 1)
        {
            var (i, j) = left.SelectMany(a => left.Where(b => b > a), (a, b) => (a, b))
                .MaxBy(pair => Cosine(vectors[pair.a], vectors[pair.b]));
            var gone = Dot(vectors[i], vectors[i]) < Dot(vectors[j], vectors[j]) ? i : j;
            expected[gone] = 1 - Cosine(vectors[i], vectors[j]);
            left.Remove(gone);
        }
        expected[left[0]] = 1;
        var scores = Scores(vectors, vectors.Length);
        Assert.All(scores.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
    }

    private static double[] Scores(double[][] vectors, int group) =>
        Elimination.Scores([.. vectors.SelectMany(a => vectors.Select(b => Dot(a, b)))], vectors.Length, group);

    private static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();

    private static double Cosine(double[] a, double[] b) => Math.Abs(Dot(a, b)) / Math.Sqrt(Dot(a, a) * Dot(b, b));
}
