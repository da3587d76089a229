using Espalier.Compression.Training;
using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Stages.Training;

/// <summary>
/// Steps that a loss or gradient which is not finite left without an update. A training whose result would be weights of before
/// such steps has none: when every step was skipped, or when the last one was. Single ones on the way cost only themselves.
/// </summary>
internal static class SkippedSteps
{
    private const string WayOut =
        "lower the learning rate or check the data of these steps (their windows are in metrics.jsonl), and start again";

    /// <summary>Refuses a result that no update stands after.</summary>
    /// <param name="title">The stage.</param>
    /// <param name="end">Where the loop ended.</param>
    /// <param name="result">
    /// Where it stood when the weights that are the result were made: at its end, or earlier with the best held-out loss.
    /// </param>
    /// <param name="stage">The stage's folder.</param>
    /// <exception cref="EspalierException">Exit code 1: the steps, the last good checkpoint and the way out are named.</exception>
    public static void RequireResult(string title, LoopState end, LoopState result, StageFolder stage)
    {
        // Weights that were chosen for their held-out loss are proven by it, whatever came later.
        var isChosen = result.Step != end.Step;
        if (end.Step == 0 || (result.Updates > 0 && (isChosen || end.SkippedInARow == 0)))
            return;
        var which = result.Updates == 0 ? $"all {end.Step} steps"
            : end.SkippedInARow == 1 ? $"step {end.Step}, the last,"
            : $"the last {end.SkippedInARow} steps, {end.Step - end.SkippedInARow + 1} to {end.Step},";
        throw new NotFiniteException(
            $"{title}: {which} had a non-finite loss or gradient and made no update, so there is no trained model; "
                + $"{LastGood(end, stage)}; {WayOut}");
    }

    /// <summary>The error of a training that stopped in the midst of such steps, with where it can be gone on from.</summary>
    public static NotFiniteException Stopped(string title, NotFiniteException error, LoopState state, StageFolder stage) =>
        new($"{title}: {error.Message}; {LastGood(state, stage)}", error);

    /// <summary>Any checkpoint of a training that had updates is good: skipped steps leave weights and moments as they were.</summary>
    private static string LastGood(LoopState state, StageFolder stage) =>
        state.Updates == 0 ? "no checkpoint has had an update"
        : stage.Checkpoints.LatestUpTo(state.Step) is { Step: > 0 } good ? $"the last good checkpoint is {good.Folder}"
        : $"there is no checkpoint in {stage.Path}";
}
