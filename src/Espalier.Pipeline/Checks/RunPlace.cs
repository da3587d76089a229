using System.Text;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Export;

namespace Espalier.Pipeline.Checks;

/// <summary>Where a run of recipes puts what it makes, and whether it may, before anything is created or computed.</summary>
internal static class RunPlace
{
    private const string RecipeName = "recipe.yaml", ReportName = "report.html";

    /// <summary>The folder inside the run folder that takes an arm's results; empty for a recipe that is alone.</summary>
    public static string Of(string arm, int arms) => arms > 1 ? arm : "";

    /// <summary>Refuses a run folder in which files would be replaced that no record of this run vouches for.</summary>
    /// <param name="folder">The run folder; it need not exist.</param>
    /// <param name="recipes">The recipes with their names.</param>
    /// <param name="text">What will be kept as the run's recipe.</param>
    /// <exception cref="EspalierException">What is in the way is named.</exception>
    public static void Require(string folder, IReadOnlyList<(string Name, Recipe Recipe)> recipes, string text)
    {
        if (recipes.Count > 1
            && recipes.FirstOrDefault(entry => !FileFact.IsSafeName(entry.Name) || entry.Name == RunLayout.Stages).Name is { } bad)
            throw new EspalierException($"the recipe's file name \"{bad}\" cannot name a folder of results: rename it");
        RunFolder.Check(folder,
        [
            .. recipes.SelectMany(entry =>
                ExportStage.OutputsOf(Path.Combine(folder, Of(entry.Name, recipes.Count), "student"), entry.Recipe.Export)),
            .. new[] { ReportName, RunResults.FileName }.Select(name => Path.Combine(folder, name)),
        ]);
        RequireRecipe(folder, text);
    }

    /// <summary>Whether a run folder holds the student of something else than what is about to be run in it.</summary>
    /// <param name="folder">The run folder; it need not exist.</param>
    /// <param name="canonical">Canonical text of what is run.</param>
    public static bool HoldsAnother(string folder, string canonical) =>
        RunManifest.Load(folder) is { } manifest && manifest.RecipeHash != ContentHash.OfText(canonical)
        && manifest.Outputs?.Any(output => Path.GetFileName(output.Path) == "student") == true;

    /// <summary>The same for a run that writes nothing but its stages and its recipe.</summary>
    /// <inheritdoc cref="Require" path="/param"/>
    /// <exception cref="EspalierException">What is in the way is named.</exception>
    public static void RequireRecipe(string folder, string text)
    {
        var path = Path.Combine(folder, RecipeName);
        // Run from the folder itself, the recipe is there already. What is odd or may not be read, the check says.
        var isThere = File.Exists(path) && PathKind.Odd(path) is null && OutputLedger.Unreadable(path) is null;
        if (!isThere || !File.ReadAllBytes(path).AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(text)))
            RunFolder.Check(folder, path);
    }
}
