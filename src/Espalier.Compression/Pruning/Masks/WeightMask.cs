namespace Espalier.Compression.Pruning.Masks;

/// <summary>
/// Chooses which weights of a matrix become zero while its shape stays: a comparison for what structure costs, not a way to a smaller
/// model. Siblings differ in what a weight is worth and in what it is compared with.
/// </summary>
internal abstract class WeightMask
{
    /// <summary>Whether the norms of the matrix' inputs are needed.</summary>
    public abstract bool NeedsInputs { get; }

    /// <summary>Whether a weight is compared with those of its row alone; else with the whole matrix.</summary>
    protected abstract bool WithinRows { get; }

    /// <summary>Sets the least worthy weights to zero, ties from the end.</summary>
    /// <param name="weights">[rows, columns], changed.</param>
    /// <param name="columns">Columns: inputs.</param>
    /// <param name="inputNorms">
    /// [columns], the L2 norm of each input over the calibration tokens; empty where <see cref="NeedsInputs"/> is false.
    /// </param>
    /// <returns>The number of weights that were chosen.</returns>
    /// <exception cref="EspalierException">The columns are no whole number of groups.</exception>
    public long Apply(Span<float> weights, int columns, ReadOnlySpan<double> inputNorms, Sparsity sparsity)
    {
        sparsity.CheckColumns(columns);
        var size = sparsity.Group ?? (WithinRows ? columns : weights.Length);
        var (worth, order) = (new double[size], new int[size]);
        long chosen = 0;
        for (var first = 0; first < weights.Length; first += size)
        {
            var part = weights.Slice(first, size);
            for (var i = 0; i < size; i++)
            {
                order[i] = i;
                worth[i] = Worth(part[i], inputNorms.IsEmpty ? 0 : inputNorms[(first + i) % columns]);
            }
            Array.Sort(order, (a, b) => worth[a] != worth[b] ? worth[a].CompareTo(worth[b]) : b.CompareTo(a));
            var gone = sparsity.Of(size);
            for (var i = 0; i < gone; i++)
                part[order[i]] = 0;
            chosen += gone;
        }
        return chosen;
    }

    /// <summary>What a weight is worth; more stays.</summary>
    protected abstract double Worth(float weight, double inputNorm);
}
