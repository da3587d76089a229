using Espalier.Compression.Pruning.Experts;

namespace Espalier.Compression.Tests.Pruning;

/// <summary>The assignment problem against all permutations, and where the answer is known.</summary>
public sealed class AssignmentTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(7)]
    public void No_permutation_gains_more(int n)
    {
        var random = new Random(n);
        for (var trial = 0; trial < 40; trial++)
        {
            // Whole numbers, of which many are equal, and others.
            float[] gains = [.. Enumerable.Range(0, n * n).Select(_ => trial % 2 == 0 ? random.Next(-3, 4) : random.NextSingle() - 0.5f)];
            var found = Assignment.Largest(gains, n);
            Assert.Equal(Enumerable.Range(0, n), found.Order());
            Assert.Equal(Permutations(n).Max(columns => Sum(gains, columns)), Sum(gains, found), 1e-6);
        }
    }

    [Fact]
    public void Rows_in_another_order_are_found_again_under_noise()
    {
        const int n = 150, width = 40;
        var random = new Random(3);
        var order = Enumerable.Range(0, n).ToArray();
        random.Shuffle(order);
        var rows = Enumerable.Range(0, n).Select(_ => Enumerable.Range(0, width).Select(_ => random.NextDouble() - 0.5).ToArray())
            .ToArray();
        var other = order.Select(row => rows[row].Select(value => value + 0.1 * (random.NextDouble() - 0.5)).ToArray()).ToArray();
        float[] gains = [.. rows.SelectMany(a => other.Select(b => (float)a.Zip(b, (x, y) => x * y).Sum()))];
        Assert.Equal(Enumerable.Range(0, n).Select(row => Array.IndexOf(order, row)), Assignment.Largest(gains, n));
    }

    [Fact]
    public void It_stops_when_asked()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        // All columns want the same row, so that the others must search.
        Assert.Throws<OperationCanceledException>(() => Assignment.Largest([2, 2, 1, 1], 2, stop.Token));
    }

    private static double Sum(float[] gains, int[] columns) =>
        columns.Select((column, row) => (double)gains[row * columns.Length + column]).Sum();

    private static IEnumerable<int[]> Permutations(int n) => n == 0 ? [[]]
        : Permutations(n - 1).SelectMany(rest => Enumerable.Range(0, n).Select(at => (int[])[.. rest[..at], n - 1, .. rest[at..]]));
}
