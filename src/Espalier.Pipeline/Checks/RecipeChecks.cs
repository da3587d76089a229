using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Recipes;

namespace Espalier.Pipeline.Checks;

/// <summary>
/// What <c>compress</c> would refuse, found before any work, all of it at once: shapes, sizes, paths, tokenizer, exports and lengths of
/// texts. <c>compress</c> begins with it and <c>plan</c> is refused by the same list. Two things are left to the run itself: the values of
/// the weights, and the number of tokens of long texts (<see cref="TextCounter"/>), which is held against all stages once they are encoded.
/// </summary>
/// <param name="Problems">What is refused, one line each.</param>
/// <param name="Unchecked">What could not be looked at, for the teacher's folder is one to plan with, one line each.</param>
internal sealed record RecipeChecks(IReadOnlyList<string> Problems, IReadOnlyList<string> Unchecked)
{
    /// <summary>Checks a recipe that is planned: a teacher without weights may lack its tokenizer and its texts, too.</summary>
    public static RecipeChecks OfPlan(Recipe recipe, CancellationToken stop = default) =>
        Of(recipe, recipe.Output, mayLackWeights: true, new TextCounter(stop));

    /// <summary>Checks recipes that are about to be run.</summary>
    /// <param name="recipes">The recipes with their names.</param>
    /// <param name="output">The run folder.</param>
    /// <param name="stop">Stops.</param>
    /// <exception cref="RecipeRefusedException">Everything that was refused.</exception>
    public static void Require(IReadOnlyList<(string Name, Recipe Recipe)> recipes, string output, CancellationToken stop = default)
    {
        var (counter, refusals) = (new TextCounter(stop), new Refusals());
        // Seeds change nothing here.
        foreach (var (name, recipe) in recipes.DistinctBy(entry => RecipeFile.Canonical(entry.Recipe with { Seed = 0 })))
            foreach (var problem in Of(recipe, output, mayLackWeights: false, counter).Problems)
                refusals.Add(recipes.Count > 1 ? $"{name}: {problem}" : problem);
        refusals.Require();
    }

    private static RecipeChecks Of(Recipe recipe, string? output, bool mayLackWeights, TextCounter counter)
    {
        var refusals = new Refusals();
        if (output is not null)
            refusals.Try(() => OutputGuard.Require($"the run folder {output}", output, RecipeInputs.ModelAndTexts(recipe)));
        var hasWeights = CheckpointFolder.HasWeights(recipe.Teacher);
        if (refusals.Try(() => Checkpoint.Open(recipe.Teacher, requireWeights: false)) is not { } teacher)
            return new(refusals.Problems, []);
        using (teacher)
        {
            if (hasWeights || !mayLackWeights)
                refusals.Try(() => Checkpoint.Open(recipe.Teacher).Dispose());
            if (recipe.Data.Sequence > teacher.Config.MaxPositions)
                refusals.Add(
                    $"data.sequence is {recipe.Data.Sequence}, but the teacher has {teacher.Config.MaxPositions} positions "
                        + "(max_position_embeddings): use at most that");
            ShapeChecks.Check(refusals, recipe, teacher);
            var isOnlyPlanned = mayLackWeights && !hasWeights;
            string[] notLookedAt = [.. new TextChecks(refusals, recipe, teacher, isOnlyPlanned, counter).Run(),
                .. new AlignChecks(refusals, recipe, teacher, isOnlyPlanned).Run(),
                .. new TaskChecks(refusals, recipe, teacher, isOnlyPlanned).Run(),
                .. new SynthesisChecks(refusals, recipe, teacher, isOnlyPlanned).Run()];
            return new(refusals.Problems, notLookedAt);
        }
    }
}
