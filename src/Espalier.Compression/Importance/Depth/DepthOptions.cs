namespace Espalier.Compression.Importance.Depth;

/// <summary>What is asked about the layers of a model, and on how much.</summary>
internal sealed record DepthOptions
{
    /// <summary>The ways to tell, each once.</summary>
    public required IReadOnlyList<DepthMetricKind> Metrics { get; init; }

    /// <summary>Calibration samples (windows).</summary>
    public int Samples { get; init; } = 64;

    /// <summary>Samples, or choices of the task, of one forward pass; changes no value beyond rounding.</summary>
    public int Batch { get; init; } = 8;

    /// <summary>Widths of the contiguous spans that are wanted, beside single layers.</summary>
    public IReadOnlyList<int> Widths { get; init; } = [];

    /// <summary>Layers that a greedy sequence removes, one after the other; 0 for none.</summary>
    public int Greedy { get; init; }
}
