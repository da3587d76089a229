using Espalier.Compression.Training.Saving;

namespace Espalier.Pipeline.Runs.Comparison;

/// <summary>
/// Proves two runs equal, or names the first difference: the step and field of the metrics, the tensor and element of the weights. Works on
/// two run folders, stages, checkpoints or model folders. Reads only, and needs no lock.
/// </summary>
internal static class RunComparison
{
    /// <summary>Compares.</summary>
    /// <param name="a">A folder.</param>
    /// <param name="b">Another of the same kind.</param>
    /// <param name="options">By bits or by value.</param>
    /// <param name="stop">Stops the comparison.</param>
    /// <exception cref="EspalierException">A folder is missing or holds nothing to compare, or a file is damaged.</exception>
    public static RunComparisonResult Run(string a, string b, RunComparisonOptions options, CancellationToken stop = default)
    {
        if (!(options.Tolerance >= 0 && double.IsFinite(options.Tolerance)))
            throw new EspalierException(
                $"tolerance is {options.Tolerance.ToString(CultureInfo.InvariantCulture)}; it must be a number of at least 0");
        if (options is { Exact: true, Tolerance: not 0 })
            throw new EspalierException(
                "exact compares bits, but the tolerance is "
                    + $"{options.Tolerance.ToString(CultureInfo.InvariantCulture)}: leave one of them out");
        foreach (var folder in new[] { a, b })
            if (!Directory.Exists(folder))
                throw new EspalierException(
                    $"{folder}: {(File.Exists(folder) ? "is a file; give its folder" : "not found")}");

        var tally = new ComparisonTally(options);
        var compared = ComparedFiles.Of(a, b).Where(file => options.Exact || file.Kind is not (ComparedKind.Bytes or ComparedKind.Manifest))
            .ToArray();
        foreach (var (folder, has) in new[] { (a, compared.Any(file => file.A is not null)),
            (b, compared.Any(file => file.B is not null)) })
            if (!has)
                throw new EspalierException(
                    $"{folder}: has no metrics.jsonl, stage.json or safetensors; "
                        + "give a run folder, a stage, a checkpoint or a model");
        try
        {
            foreach (var file in compared)
            {
                stop.ThrowIfCancellationRequested();
                tally.Files++;
                if (file.A is null || file.B is null)
                    tally.Differ(new(file.Name, "", file.A is null ? "missing" : "there", file.B is null ? "missing" : "there"));
                else
                    Compare(file.Name, file.Kind, file.A, file.B, tally, stop);
                if (tally.IsDecided)
                    break;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EspalierException($"{a} and {b} cannot be compared: {error.Message}", error);
        }
        return new(a, b, tally.First, tally.Distances, tally.Files, tally.Lines, tally.Tensors, Checks(compared));
    }

    private static ComparedChecks[] Checks(IEnumerable<ComparedFile> compared)
    {
        var stages = compared.Where(file => file.Kind == ComparedKind.Stage).Select(file => new ComparedChecks(
            Path.GetFileName(Path.GetDirectoryName(file.A ?? file.B)!), ChecksOf(file.A), ChecksOf(file.B)));
        return [.. stages.Where(stage => stage.A is not null || stage.B is not null)];

        // Damaged, it was named as the difference.
        static IReadOnlyList<string>? ChecksOf(string? record) =>
            record is null ? null : Perhaps.Of(() => StageRecord.Read(Path.GetDirectoryName(record)!)?.Checks);
    }

    private static void Compare(string name, ComparedKind kind, string a, string b, ComparisonTally tally, CancellationToken stop)
    {
        switch (kind)
        {
            case ComparedKind.Metrics:
                MetricsComparison.Lines(name, a, b, tally);
                break;
            case ComparedKind.Stage:
                MetricsComparison.Results(name, a, b, tally);
                break;
            case ComparedKind.Tensors:
                TensorComparison.Run(name, a, b, tally, stop);
                break;
            case ComparedKind.Manifest when IsSameState(a, b):
                return;
        }
        if (tally is { Options.Exact: true, First: null })
            ByteComparison.Run(name, a, b, tally, stop);
    }

    /// <summary>
    /// Whether two manifests list the same files. How much of the log was there depends on where a run was stopped, and the log
    /// itself is compared.
    /// </summary>
    private static bool IsSameState(string a, string b)
    {
        try
        {
            return State(a).SequenceEqual(State(b));
        }
        catch (DamagedFileException)
        {
            return false;
        }

        static byte[] State(string path)
        {
            var manifest = SealedJson.Read(path, RecordJson.Of<CheckpointManifest>(), CheckpointManifest.KnownVersion);
            return SealedJson.Bytes(manifest with { Logs = null }, RecordJson.Of<CheckpointManifest>());
        }
    }
}
