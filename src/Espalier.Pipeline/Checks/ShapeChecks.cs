using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Caching;
using Espalier.Compression.Importance;
using Espalier.Compression.Pruning;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Recipes.Rules;
using Espalier.Pipeline.Stages.Export;
using Espalier.Pipeline.Stages.Training;

namespace Espalier.Pipeline.Checks;

/// <summary>
/// What the shapes of teacher and students decide: cuts that cannot be, and sections that name parts which a model does not have.
/// </summary>
internal static class ShapeChecks
{
    /// <summary>Adds what cannot be.</summary>
    public static void Check(Refusals refusals, Recipe recipe, Checkpoint teacher)
    {
        foreach (var (name, section) in TextDemands.Trainings(recipe))
        {
            Named(refusals, name, () => TrainingStage.OptionsOf(section, recipe.Data.Sequence, recipe.Seed).Validate());
            Named(refusals, name, () => TrainingChecks.Stopping(section, recipe.Data.HeldOut));
        }
        foreach (var step in recipe.Align)
            Named(refusals, "align", () => TrainingChecks.Stopping(step.Training, step.HeldOut));
        if (recipe.Correct is { } correct)
            Named(refusals, "correct", () => TrainingChecks.Parts(correct, teacher.Family, teacher.Config));
        if (refusals.Try(() => Cycles(recipe, teacher)) is { } cycles)
        {
            refusals.Try(() => { ExportStage.Preflight(teacher.Family, cycles[^1].To, teacher.RawConfig, recipe.Export, teacher.Folder); });
            foreach (var cycle in cycles)
                OfCycle(refusals, recipe, teacher, cycle);
            foreach (var step in recipe.Align)
                Named(refusals, "align", () => TrainingChecks.Parts(step.Training, teacher.Family, cycles[^1].To));
        }
        if (recipe.Prune.MergeExperts)
            Named(refusals, "prune.merge-experts", () => MergesExperts(recipe, teacher.Config));
        if (recipe.Prune.Sparsity is { } sparsity)
            foreach (var columns in teacher.Family.Table.Parameters(teacher.Config)
                .Where(named => named.Parameter.Layer >= 0 && ParameterSpec.Of(named.Parameter.Role).Input is not null)
                .Select(named => (int)named.Shape[1]).Distinct())
                Named(refusals, "prune", () => sparsity.CheckColumns(columns));
    }

    private static void MergesExperts(Recipe recipe, DecoderConfig teacher)
    {
        if (!Axis.Experts.IsIn(teacher))
            throw new EspalierException($"a {teacher.Family} model has no experts: leave it out");
        if (!recipe.Score.Method.ReadsActivations())
            throw new EspalierException(
                $"it needs to know where the router sends tokens, but score.method is {EnumName.Of(recipe.Score.Method)}, which does not "
                    + "record that: use activation, or leave it out");
    }

    private static IReadOnlyList<PlannedCycle> Cycles(Recipe recipe, Checkpoint teacher)
    {
        if (recipe.Search is not { } search)
            return PlannedCycle.Of(recipe, teacher.Config);
        // Whatever a search may find: the shape with the fewest layers has the fewest that can be named.
        var shapes = search.Enumerate(teacher.Config, recipe.Data.Sequence, teacher.StoredType.Bytes(), latency: null);
        return PlannedCycle.Found(recipe, teacher.Config, shapes.MinBy(candidate => candidate.Layers)!.Shape);
    }

    private static void OfCycle(Refusals refusals, Recipe recipe, Checkpoint teacher, PlannedCycle cycle)
    {
        if (recipe is { Prune.MergeHeads: true, Search: null })
            foreach (var round in cycle.Rounds)
                refusals.Try(() => GroupChoice.CheckMerge(round.From, round.To));
        if (recipe.Distill is not { } distill)
            return;
        var learnsFrom = recipe.Cycles?.Teacher == CycleTeacher.Previous ? cycle.From : teacher.Config;
        Named(refusals, "distill", () => TrainingChecks.Parts(distill, teacher.Family, cycle.To));
        if (distill.Hidden is { } hidden)
            Named(refusals, "distill", () => HiddenStateLoss.Check(hidden, learnsFrom, cycle.To));
        if (distill.Cache is { } cache)
            Named(refusals, "distill", () => _ = new CacheLayout(CacheKey.Of(
                "", "", recipe.Data.Sequence, false, learnsFrom.VocabularySize, learnsFrom.HiddenSize, distill.Temperature, cache.Encoding,
                cache.K, cache.Samples, recipe.Seed)));
    }

    private static void Named(Refusals refusals, string section, Action check)
    {
        try
        {
            check();
        }
        catch (EspalierException error)
        {
            refusals.Add($"{section}: {error.Message}");
        }
    }
}
