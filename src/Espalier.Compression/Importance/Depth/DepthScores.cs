namespace Espalier.Compression.Importance.Depth;

/// <summary>
/// How much the layers of a model matter, by one or more metrics, with where that comes from: plain data with a JSON form. Higher is more
/// harm done by removing them.
/// </summary>
internal sealed record DepthScores
{
    /// <summary>Version of the JSON form.</summary>
    public int Version { get; init; } = DepthScoresFile.Newest;

    /// <summary>Layers of the model.</summary>
    public required int Layers { get; init; }

    /// <summary>Calibration samples; 0 where only the task was asked.</summary>
    public required int Samples { get; init; }

    /// <summary>Positions of a sample; 0 likewise.</summary>
    public required int SampleLength { get; init; }

    /// <summary>
    /// The teacher's <see cref="Models.Checkpoints.ModelFingerprint"/>, or empty where it is not known. In version 1 the SHA-256 of its
    /// folder.
    /// </summary>
    public string Teacher { get; init; } = "";

    /// <summary>SHA-256 of the calibration ids, or empty where it is not known.</summary>
    public string Calibration { get; init; } = "";

    /// <summary>SHA-256 of the task's file, or empty where there is none.</summary>
    public string Task { get; init; } = "";

    /// <summary>What each metric says.</summary>
    public required IReadOnlyDictionary<DepthMetricKind, DepthMetricScores> Metrics { get; init; }

    /// <summary>The layers that stay when the metric chooses which go, ascending.</summary>
    /// <param name="choice">The contiguous span with the least harm, the single layers with the least, or the greedy sequence.</param>
    /// <param name="drop">How many go.</param>
    /// <exception cref="EspalierException">What is asked for was not scored; the way to it is named.</exception>
    public int[] Keep(DepthMetricKind kind, DepthChoice choice, int drop)
    {
        if (drop == 0)
            return [.. Enumerable.Range(0, Layers)];
        if (!Metrics.TryGetValue(kind, out var scores))
            throw new EspalierException(
                $"{EnumName.Of(kind)} was not scored; there are {string.Join(", ", Metrics.Keys.Select(EnumName.Of))}");
        return [.. Enumerable.Range(0, Layers).Except(scores.Drop(choice, drop))];
    }
}

/// <summary>What one metric says about the layers.</summary>
internal sealed record DepthMetricScores
{
    /// <summary>The value of the whole model.</summary>
    public required double Whole { get; init; }

    /// <summary>[layer]: the value without that layer.</summary>
    public required double[] Singles { get; init; }

    /// <summary>Width to [first layer]: the value without that span, from two layers on.</summary>
    public required IReadOnlyDictionary<int, double[]> Spans { get; init; }

    /// <summary>
    /// Layers in the order in which a greedy sequence removes them: each time the one whose removal does the least harm to what is left.
    /// </summary>
    public required int[] Removed { get; init; }

    /// <summary>The value after each removal.</summary>
    public required double[] RemovedValues { get; init; }

    /// <summary>Of a task: the accuracy of the whole model; else null.</summary>
    public double? WholeAccuracy { get; init; }

    /// <summary>Of a task: [layer], the accuracy without it; else null.</summary>
    public double[]? Accuracies { get; init; }

    /// <summary>The layers that go, ascending; ties to the lower index.</summary>
    /// <exception cref="EspalierException">
    /// Spans of that width, or so long a sequence, were not scored, or the model would not be finite without what goes.
    /// </exception>
    public int[] Drop(DepthChoice choice, int count)
    {
        switch (choice)
        {
            case DepthChoice.Scattered:
                int[] goes = [.. Enumerable.Range(0, Singles.Length).OrderBy(layer => Singles[layer]).ThenBy(layer => layer).Take(count)];
                RequireFinite(Singles[goes[^1]]);
                return [.. goes.Order()];
            case DepthChoice.Greedy:
                return Removed.Length >= count
                    ? [.. Removed.Take(count).Order()]
                    : throw new EspalierException(
                        $"the greedy sequence has {Removed.Length} layers, but {count} are to be dropped: score again with --drop {count}");
            default:
                var spans = count == 1 ? Singles : Spans.GetValueOrDefault(count)
                    ?? throw new EspalierException(
                        $"spans of {count} layers were not scored, but {count} layers are to be dropped: score again with --drop {count}");
                var first = Enumerable.Range(0, spans.Length).MinBy(i => spans[i]);
                RequireFinite(spans[first]);
                return [.. Enumerable.Range(first, count)];
        }
    }

    /// <summary>Refuses to drop what does infinite harm.</summary>
    internal static void RequireFinite(double harm)
    {
        if (!double.IsFinite(harm))
            throw new NotFiniteException("depth: no more layers can go: without any of those left the model's loss is not finite");
    }
}
