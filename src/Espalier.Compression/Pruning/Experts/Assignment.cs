namespace Espalier.Compression.Pruning.Experts;

/// <summary>
/// The linear assignment problem: each row gets a column of its own so that the gains add up to the most. Shortest augmenting paths with
/// dual prices (Jonker and Volgenant, Computing 38, 1987), at most n³ steps; where it begins each column is offered to the row with the
/// largest gain, which alone solves what is a permutation of the same.
/// </summary>
internal static class Assignment
{
    /// <summary>The column of each row.</summary>
    /// <param name="gains">[n, n], row after row, finite.</param>
    /// <param name="n">Rows and columns.</param>
    /// <param name="stop">Stops between two rows.</param>
    public static int[] Largest(ReadOnlySpan<float> gains, int n, CancellationToken stop = default)
    {
        var (columnOf, rowOf) = (Filled(n), Filled(n));
        var (rowPrice, columnPrice) = (new double[n], new double[n]);
        Begin(gains, n, columnOf, rowOf, columnPrice);
        var path = new Path(n);
        for (var row = 0; row < n; row++)
            if (columnOf[row] < 0)
            {
                stop.ThrowIfCancellationRequested();
                path.Augment(gains, row, columnOf, rowOf, rowPrice, columnPrice);
            }
        return columnOf;
    }

    /// <summary>Prices that no pair is cheaper than, and the pairs that cost just that, where both are free.</summary>
    private static void Begin(ReadOnlySpan<float> gains, int n, int[] columnOf, int[] rowOf, double[] columnPrice)
    {
        var best = new int[n];
        for (var row = 1; row < n; row++)
            for (var column = 0; column < n; column++)
                if (gains[row * n + column] > gains[best[column] * n + column])
                    best[column] = row;
        for (var column = 0; column < n; column++)
        {
            columnPrice[column] = -(double)gains[best[column] * n + column];
            if (columnOf[best[column]] < 0)
                (columnOf[best[column]], rowOf[column]) = (column, best[column]);
        }
    }

    private static int[] Filled(int n)
    {
        var none = new int[n];
        Array.Fill(none, -1);
        return none;
    }

    /// <summary>The cheapest way to give one more row a column, some of the others changing theirs.</summary>
    private sealed class Path(int n)
    {
        private readonly double[] _distance = new double[n];
        private readonly int[] _from = new int[n], _reached = new int[n];
        private readonly bool[] _isDone = new bool[n];

        public void Augment(ReadOnlySpan<float> gains, int first, int[] columnOf, int[] rowOf, double[] rowPrice, double[] columnPrice)
        {
            Array.Fill(_distance, double.PositiveInfinity);
            Array.Clear(_isDone);
            var (row, least, reached, free) = (first, 0.0, 0, -1);
            while (free < 0)
            {
                var nearest = -1;
                var ofRow = gains.Slice(row * n, n);
                for (var column = 0; column < n; column++)
                {
                    if (_isDone[column])
                        continue;
                    var through = least - ofRow[column] - rowPrice[row] - columnPrice[column];
                    if (through < _distance[column])
                        (_distance[column], _from[column]) = (through, row);
                    // Of columns that are as near a free one ends the search.
                    if (nearest < 0 || _distance[column] < _distance[nearest]
                        || (_distance[column] == _distance[nearest] && rowOf[column] < 0 && rowOf[nearest] >= 0))
                        nearest = column;
                }
                (least, _isDone[nearest], _reached[reached++]) = (_distance[nearest], true, nearest);
                if (rowOf[nearest] < 0)
                    free = nearest;
                else
                    row = rowOf[nearest];
            }
            rowPrice[first] += least;
            foreach (var column in _reached.AsSpan(0, reached - 1))
            {
                rowPrice[rowOf[column]] += least - _distance[column];
                columnPrice[column] -= least - _distance[column];
            }
            for (var column = free; ;)
            {
                var to = _from[column];
                rowOf[column] = to;
                (column, columnOf[to]) = (columnOf[to], column);
                if (to == first)
                    return;
            }
        }
    }
}
