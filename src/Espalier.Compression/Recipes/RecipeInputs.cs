using Espalier.Compression.Data;
using Espalier.Models.Files;

namespace Espalier.Compression.Recipes;

/// <summary>Every file and folder that a recipe reads, for <see cref="OutputGuard"/>.</summary>
public static class RecipeInputs
{
    /// <summary>The teacher, the texts and the files that sections name.</summary>
    public static IEnumerable<ReadPlace> Of(Recipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        return
        [
            new("the teacher's folder", recipe.Teacher),
            .. SourcePlaces.Of("the data", recipe.Data.Train),
            .. SourcePlaces.Of("the evaluation text", recipe.Evaluate.Select(set => set.Source).OfType<string>()),
            .. SourcePlaces.Of("the reference text", new[] { recipe.Correction.Reference }.OfType<string>()),
            .. Files("the multiple-choice items", [recipe.Score.Task]),
            .. Files("the plan", [recipe.Prune.Plan]),
            .. Files("the candidates", [recipe.Search?.CandidatesFile]),
        ];
    }

    private static IEnumerable<ReadPlace> Files(string name, IEnumerable<string?> paths) => paths.OfType<string>().Select(path => new ReadPlace(name, path));
}
