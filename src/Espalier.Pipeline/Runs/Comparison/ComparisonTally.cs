namespace Espalier.Pipeline.Runs.Comparison;

/// <summary>What a comparison has found so far.</summary>
internal sealed class ComparisonTally(RunComparisonOptions options)
{
    public RunComparisonOptions Options => options;
    public RunDifference? First { get; private set; }
    public List<RunDistance> Distances { get; } = [];
    public int Files { get; set; }
    public long Lines { get; set; }
    public long Tensors { get; set; }

    /// <summary>
    /// Whether nothing further is wanted: by bits the first difference is the answer, by value the distances of all the rest are, too.
    /// </summary>
    public bool IsDecided => First is not null && options.Exact;

    public void Differ(RunDifference difference) => First ??= difference;
}
