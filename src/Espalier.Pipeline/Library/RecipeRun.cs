using System.Text;
using Espalier.Pipeline;
using Espalier.Pipeline.Cards;
using Espalier.Pipeline.Checks;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Running;

namespace Espalier;

/// <summary>
/// A recipe run from a program, as <c>espalier compress</c> runs it: killed anywhere, the same call goes on and ends with the same bits.
/// </summary>
public static class RecipeRun
{
    /// <summary>Runs a recipe to its end.</summary>
    /// <param name="recipe">The recipe's file.</param>
    /// <param name="output">The run folder; the recipe's, else <c>runs/NAME-OF-THE-RECIPE</c>, where null.</param>
    /// <param name="progress">Receives stages, steps and warnings.</param>
    /// <param name="stop">Stops after a step and saves.</param>
    /// <returns>Every model with its losses, the stages with their times, and where the student lies.</returns>
    /// <exception cref="RecipeRefusedException">
    /// What the recipe asks for and cannot have, all of it, before anything is computed.
    /// </exception>
    /// <exception cref="OperationCanceledException">Asked to stop; what was done is saved.</exception>
    public static CompressResult Run(string recipe, string? output = null, IProgressReporter? progress = null,
        CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        var read = RecipeFile.Read(recipe);
        var name = Path.GetFileNameWithoutExtension(recipe);
        var folder = output ?? RunLayout.FolderOf(read.Output, name);
        return Run([(name, read)], File.ReadAllText(recipe), folder, progress ?? NullProgress.Instance, (_, results) => results[0], stop);
    }

    /// <summary>Runs several recipes in one run folder, which share the stages that they have in common.</summary>
    /// <param name="recipes">The recipes with their names.</param>
    /// <param name="text">What is kept as the run's recipe.</param>
    /// <param name="folder">The run folder.</param>
    /// <param name="progress">Receives stages, steps and warnings.</param>
    /// <param name="finish">Called with all results while the folder is still held: what it writes is the run's own.</param>
    /// <param name="stop">Stops after a step and saves.</param>
    /// <param name="profile">Whether training steps are measured by phase.</param>
    /// <param name="start">Called once nothing is refused any more, before anything is computed.</param>
    /// <exception cref="RecipeRefusedException">What cannot be, all of it.</exception>
    internal static T Run<T>(
        IReadOnlyList<(string Name, Recipe Recipe)> recipes, string text, string folder, IProgressReporter progress,
        Func<RunContext, IReadOnlyList<CompressResult>, T> finish, CancellationToken stop, bool profile = false, Action? start = null)
    {
        Compressor.Check(recipes, folder, stop);
        RunPlace.Require(folder, recipes, text);
        start?.Invoke();
        var canonical = string.Join('\n', recipes.Select(entry => RecipeFile.Canonical(entry.Recipe)));
        if (RunPlace.HoldsAnother(folder, canonical))
            progress.Warn(
                $"{folder} holds the result of another recipe: its student, GGUF files and report stay until this run comes to its own; "
                + "for a folder of its own give --output");
        return RunContext.Within(folder, canonical, recipes[0].Recipe.Seed, progress, context =>
        {
            context.Folder.WriteFile("recipe.yaml", stream => stream.Write(Encoding.UTF8.GetBytes(text)));
            var results = new List<CompressResult>();
            Compressor[] compressors = [
                .. recipes.Select(entry => new Compressor(context, entry.Recipe, entry.Name, RunPlace.Of(entry.Name, recipes.Count))
            {
                Evaluated = so => RunResults.Write(context.Folder, [.. results, so]),
            })];
            // Who goes on has read it.
            if (context.Manifest.Stages.Count == 0)
                foreach (var warning in compressors.SelectMany(compressor => compressor.Warnings).Distinct())
                    progress.Warn(warning);
            context.Plan([.. compressors.SelectMany(compressor => compressor.Planned)]);
            foreach (var (compressor, (_, recipe)) in compressors.Zip(recipes))
            {
                results.Add(compressor.Run());
                RunResults.Write(context.Folder, results);
                RunCard.Write(context, results[^1], recipe);
            }
            return finish(context, results);
        }, stop, profile: profile);
    }
}
