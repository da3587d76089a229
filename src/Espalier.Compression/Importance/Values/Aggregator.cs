namespace Espalier.Compression.Importance.Values;

/// <summary>How values along one axis become one score (Minitron, arXiv 2407.14679, section 2.2).</summary>
public enum Aggregation
{
    /// <summary>√Σx².</summary>
    L2,

    /// <summary>(1/n) Σ|x|.</summary>
    Mean,

    /// <summary>(1/n) Σ(x − m)², m the arithmetic mean.</summary>
    Variance,
}

/// <summary>One aggregation for the sequence axis, applied first, and one for the batch axis. The method's default is (L2, mean).</summary>
/// <param name="Batch">Over the samples.</param>
/// <param name="Sequence">Over the positions of a sample.</param>
public readonly record struct Aggregator(Aggregation Batch, Aggregation Sequence)
{
    /// <summary>Batch L2, sequence mean: the best of the nine in paper 1, Table 13.</summary>
    public static Aggregator Default => new(Aggregation.L2, Aggregation.Mean);

    /// <summary>All nine, batch by batch.</summary>
    public static IReadOnlyList<Aggregator> All { get; } =
        [.. Enum.GetValues<Aggregation>()
            .SelectMany(batch => Enum.GetValues<Aggregation>().Select(sequence => new Aggregator(batch, sequence)))];

    /// <summary>As a file is called: l2-mean.</summary>
    public string FileName => $"{NameOf(Batch)}-{NameOf(Sequence)}";

    /// <summary>The name of an aggregation in files: l2, mean or variance.</summary>
    public static string NameOf(Aggregation aggregation) => aggregation.ToString().ToLowerInvariant();

    /// <inheritdoc/>
    public override string ToString() => $"({NameOf(Batch)}, {NameOf(Sequence)})";
}
