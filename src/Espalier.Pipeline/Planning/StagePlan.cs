using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages;

namespace Espalier.Pipeline.Planning;

/// <summary>One stage of those to come.</summary>
/// <param name="Arm">The recipe's name.</param>
/// <param name="Name">The stage's.</param>
public sealed record PlannedStage(string Arm, string Name);

/// <summary>
/// The stages that a recipe will go through, in the order of <see cref="Compressor.Run"/>, so that a run can say how far it is. A search counts as one, whatever it
/// trains; what only the run finds out not to need is in the list.
/// </summary>
public static class StagePlan
{
    /// <summary>The stages; none where the recipe cannot be run, which the run then says.</summary>
    public static IReadOnlyList<PlannedStage> Of(Recipe recipe, string arm)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        try
        {
            using var teacher = Checkpoint.Open(recipe.Teacher, requireWeights: false);
            return [.. Names(recipe, teacher.Config).Select(name => new PlannedStage(arm, name))];
        }
        catch (EspalierException)
        {
            return [];
        }
    }

    private static IEnumerable<string> Names(Recipe recipe, DecoderConfig teacher)
    {
        var isParallel = recipe.Correct is not null && recipe.Correction.Mode == CorrectMode.Parallel;
        // Ids from a file are taken as they are.
        if (recipe.Data.Train is not [var single] || !DataStage.IsIds(single))
            yield return "data";
        foreach (var set in recipe.Evaluate.Where(set => set.Source is { } source ? !DataStage.IsIds(source) : set.Name != "held-out"))
            yield return $"text-{set.Name}";
        yield return "evaluate";
        if (recipe.Correct is not null && recipe.Correction.When == CorrectWhen.Auto)
            yield return "need";
        if (recipe.Correct is not null && !isParallel)
        {
            yield return "correct";
            yield return "evaluate";
        }
        if (recipe.Search is not null)
        {
            yield return "score";
            yield return "search";
        }
        var cuts = recipe.Search is null ? CutPath.Of(recipe, teacher) : [[recipe.Prune]];
        for (var cycle = 1; cycle <= cuts.Count; cycle++)
        {
            foreach (var name in cuts[cycle - 1].SelectMany(section => Cut(recipe with { Prune = section }, teacher)))
                yield return name;
            yield return "evaluate";
            if (recipe.Distill is { } distill)
            {
                if (distill.Cache is not null)
                    yield return "cache";
                yield return "distill";
                if (isParallel)
                    yield return "evaluate";
            }
            if (cycle < cuts.Count)
                yield return "evaluate";
        }
        yield return "export";
        yield return "evaluate";
    }

    private static IEnumerable<string> Cut(Recipe recipe, DecoderConfig teacher)
    {
        if (recipe.Prune is { Method: PruneMethod.Importance, Plan: null, Sparsity: null })
            yield return "score";
        if (DepthStage.Asked(recipe, teacher) is not null)
            yield return "depth";
        yield return "prune";
    }
}
