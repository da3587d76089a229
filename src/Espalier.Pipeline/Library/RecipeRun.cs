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
/// Runs recipes from a program, like <c>espalier compress</c>: if a run is killed, the same call resumes it and gives the same bits.
/// </summary>
public static class RecipeRun
{
    /// <summary>Runs a recipe to completion.</summary>
    /// <param name="recipe">The recipe file.</param>
    /// <param name="output">The run folder; null for the recipe's own, otherwise <c>runs/NAME-OF-THE-RECIPE</c>.</param>
    /// <param name="progress">Receives stages, steps and warnings.</param>
    /// <param name="stop">Stops after the current step and saves.</param>
    /// <returns>Every model with its losses, the stages with their times, and the student's folder.</returns>
    /// <exception cref="RecipeRefusedException">
    /// The recipe asks for something impossible; lists every problem, and is thrown before anything is computed.
    /// </exception>
    /// <exception cref="OperationCanceledException">The run was asked to stop; finished work is saved.</exception>
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
    /// <param name="stop">Stops after the current step and saves.</param>
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
                $"{folder} holds the result of another recipe: its student, GGUF files and report stay until this run writes its own; "
                + "to use a separate folder, give --output");
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
