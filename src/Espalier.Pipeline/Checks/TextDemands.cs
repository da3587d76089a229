using Espalier.Compression.Data.Batches;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages.Pruning;
using Espalier.Pipeline.Stages.Training;

namespace Espalier.Pipeline.Checks;

/// <summary>
/// How much text each stage of a recipe needs. Asked twice: before any work, with what is known then, and when the text is encoded, with
/// exact numbers and still before anything is computed on it.
/// </summary>
internal static class TextDemands
{
    /// <summary>Adds what there is too little text for.</summary>
    public static void Check(Refusals refusals, Recipe recipe, DecoderConfig teacher, TextSizes sizes)
    {
        var sequence = recipe.Data.Sequence;
        var (training, scoring) = (OfTraining(recipe), OfScoring(recipe, teacher));
        Require(sizes.Train, recipe.Data.Calibration is null ? training.Concat(scoring) : training);
        Require(sizes.Calibration, scoring);
        var readsHeldOut = recipe.Evaluate.Any(set => set is { Name: EvaluationList.HeldOut, Source: null })
            || Trainings(recipe).Any(training => training.Section.EvaluateEvery > 0);
        if (sizes.HeldOut is { } heldOut && readsHeldOut)
            IsOneWindow(refusals, heldOut, sequence, WindowStride.Contiguous);
        foreach (var text in sizes.Evaluations.Values)
            IsOneWindow(refusals, text, sequence, WindowStride.Contiguous);
        if (recipe.Correct is not null && recipe.Correction.When == CorrectWhen.Auto)
            foreach (var text in new[] { sizes.HeldOut, sizes.Reference }.OfType<TextSize>())
                refusals.Try(() =>
                    CorrectionTest.CheckWindows(text.Name, text.Words,
                        text.Windows(Math.Min(sequence, CorrectionTest.MostSequence), WindowStride.Contiguous), sequence));

        void Require(TextSize? size, IEnumerable<(string Name, long Windows, Action<long, string> Check)> demands)
        {
            if (size is { } text && IsOneWindow(refusals, text, sequence, WindowStride.Disjoint))
                foreach (var (name, needed, check) in demands)
                    if (text.Windows(sequence, WindowStride.Disjoint) is var windows && windows < needed)
                        refusals.Try(() => check(windows, name));
        }
    }

    /// <summary>The trainings of a recipe by their sections' names, in order.</summary>
    public static IEnumerable<(string Name, TrainingSection Section)> Trainings(Recipe recipe)
    {
        if (recipe.Correct is { } correct)
            yield return ("correct", correct);
        if (recipe is { Search: { } search, Distill: { } candidates })
            yield return ("search", search.Training(candidates, search.Rungs[^1]));
        if (recipe.Distill is { } distill)
            yield return ("distill", distill);
    }

    private static IEnumerable<(string Name, long Windows, Action<long, string> Check)> OfTraining(Recipe recipe) =>
        Trainings(recipe).Select(training => (training.Name, (long)training.Section.Batch,
            (Action<long, string>)((windows, stage) => TrainingStage.CheckBatch(training.Section, windows, stage))));

    private static IEnumerable<(string Name, long Windows, Action<long, string> Check)> OfScoring(Recipe recipe, DecoderConfig teacher)
    {
        var (score, sequence) = (recipe.Score, recipe.Data.Sequence);
        if ((recipe.Prune is { Method: PruneMethod.Importance, Plan: null } && score.Method.ReadsText())
            || recipe.Prune.Method == PruneMethod.Wanda)
            yield return ("score.samples", score.Samples, (windows, key) => ImportanceScorer.Check(windows, score.Samples, sequence, key));
        if (recipe.Imatrix > 0)
            yield return ("imatrix", recipe.Imatrix, (windows, key) => ImportanceScorer.Check(windows, recipe.Imatrix, sequence, key));
        if (score.Depth != DepthMetricKind.Task && DepthStage.Asked(recipe.Score, recipe.Prune, teacher) is { } asked)
            yield return ("score.depth-samples", asked.Samples,
                (windows, key) => ImportanceScorer.Check(windows, asked.Samples, sequence, key));
    }

    private static bool IsOneWindow(Refusals refusals, TextSize text, int sequence, WindowStride stride)
    {
        if (text.Windows(sequence, stride) >= 1)
            return true;
        refusals.Add(WindowSet.TooFew(text.Name, text.Words, sequence));
        return false;
    }
}
