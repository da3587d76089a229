using Espalier.Compression.Training.Saving;

namespace Espalier.Pipeline.Stages.Training;

/// <summary>What a training says when the disk refuses a write: that, which checkpoint is intact, and how to go on.</summary>
internal static class RefusedByDisk
{
    /// <summary>Whether an error is the disk's, as the system gave it or as a log or checkpoint passed it on.</summary>
    public static bool Is(Exception error) =>
        error is IOException or UnauthorizedAccessException
            || error is EspalierException { InnerException: IOException or UnauthorizedAccessException };

    public static string Line(string title, Exception error, CheckpointStore store)
    {
        var cause = error is EspalierException { InnerException: { } inner } ? inner : error;
        var intact = StepsIn(store.Folder).DefaultIfEmpty(-1).Max();
        return $"{title}: {DiskFull.Cause(cause)}; "
            + (intact < 0 ? "there is no checkpoint yet, so the stage starts over" : $"the checkpoint of step {intact} is intact")
            + $"; {(DiskFull.Is(cause) ? "make room" : "check the disk")} and run the same command again"
            + $"{(intact < 0 ? "" : " to resume from there")}";
    }

    /// <summary>Checkpoints that have their names, which they get when they are on the disk.</summary>
    private static IEnumerable<long> StepsIn(string folder) => Directory.Exists(folder)
        ? Directory.GetDirectories(folder, "step-*")
            .Select(path =>
                long.TryParse(Path.GetFileName(path)["step-".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out var step)
                    ? step : -1)
        : [];
}
