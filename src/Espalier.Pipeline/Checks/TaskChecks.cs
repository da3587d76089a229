using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages;

namespace Espalier.Pipeline.Checks;

/// <summary>
/// The benchmarks that a recipe asks: their files are read whole and every question is written, so that what is missing in the last
/// document is known before anything is computed.
/// </summary>
/// <param name="refusals">Takes what is refused.</param>
/// <param name="recipe">The recipe.</param>
/// <param name="positions">Tokens that the teacher has positions for.</param>
/// <param name="isOnlyPlanned">Whether the teacher has no weights, so that benchmarks need not be there yet.</param>
internal sealed class TaskChecks(Refusals refusals, Recipe recipe, int positions, bool isOnlyPlanned)
{
    /// <summary>Adds what is refused; returns what could not be looked at, one line each.</summary>
    public IReadOnlyList<string> Run()
    {
        var problems = isOnlyPlanned ? new Refusals() : refusals;
        foreach (var task in RecipeTask.Of(recipe))
            problems.Try(() =>
            {
                _ = task.Questions;
                task.Definition.Kind.CheckModel(task.Definition, task.Settings, recipe.Teacher, positions);
            });
        return isOnlyPlanned ? problems.Problems : [];
    }
}
