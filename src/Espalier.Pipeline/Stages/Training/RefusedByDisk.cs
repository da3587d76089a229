using Espalier.Compression.Training.Saving;

namespace Espalier.Pipeline.Stages.Training;

/// <summary>What a training says when the disk refuses a write: that, which checkpoint is intact, and how to go on.</summary>
internal static class RefusedByDisk
{
    /// <summary>Whether an error is the disk's, as the system gave it or as a log or checkpoint passed it on.</summary>
    public static bool Is(Exception error) =>
        error is IOException or UnauthorizedAccessException
            || error is EspalierException { InnerException: IOException or UnauthorizedAccessException };

    /// <summary>The line. Nothing may be on its way to the store.</summary>
    public static string Line(string title, Exception error, CheckpointStore store)
    {
        var cause = error is EspalierException { InnerException: { } inner } ? inner : error;
        var intact = store.LatestIntact();
        return $"{title}: {DiskFull.Cause(cause)}; "
            + (intact is null ? "no checkpoint is intact, so the stage starts over" : $"the checkpoint of step {intact} is intact")
            + $"; {(DiskFull.Is(cause) ? "free some space" : "check the disk")} and run the same command again"
            + $"{(intact is null ? "" : " to resume from there")}";
    }
}
