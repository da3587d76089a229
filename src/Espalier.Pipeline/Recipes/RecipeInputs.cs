using Espalier.Compression.Data.Sources;

namespace Espalier.Pipeline.Recipes;

/// <summary>Every file and folder that a recipe reads, for <see cref="OutputGuard"/>.</summary>
internal static class RecipeInputs
{
    /// <summary>
    /// The teacher and the texts: what a run folder may not be, hold or lie in. Plans and candidates may well come from an earlier stage of
    /// the same run.
    /// </summary>
    public static IEnumerable<ReadPlace> ModelAndTexts(Recipe recipe) =>
    [
        new("the teacher's folder", recipe.Teacher),
        .. SourcePlaces.Of("the data", recipe.Data.Train),
        .. SourcePlaces.Of("the calibration text", new[] { recipe.Data.Calibration }.OfType<string>()),
        .. SourcePlaces.Of("the conversations", recipe.Align.SelectMany(step => step.DataFiles)),
        .. Files("the teacher's folder", recipe.Align.Select(step => step.Teacher)),
        .. SourcePlaces.Of("the evaluation text", recipe.Evaluate.Select(set => set.Source).OfType<string>()),
        .. Files("the benchmarks", [recipe.AllTasks.Any() ? recipe.Benchmarks : null]),
        .. Files("the prompts", [recipe.Synthesize?.Prompts]),
        .. SourcePlaces.Of("the documents", recipe.Synthesize?.Documents ?? []),
        .. SourcePlaces.Of("the text to keep out", recipe.Synthesize?.Decontaminate ?? []),
        .. SourcePlaces.Of("the reference text", new[] { recipe.Correction.Reference }.OfType<string>()),
    ];

    /// <summary>The teacher, the texts and the files that sections name.</summary>
    public static IEnumerable<ReadPlace> Of(Recipe recipe) =>
    [
        .. ModelAndTexts(recipe),
        .. Files("the task",
            recipe.AllTasks.Append(new() { Task = recipe.Score.Task ?? "" })
                .Select(task => task.IsFile || task.IsItems ? task.Task : null)),
        .. Files("the chat template", recipe.Align.Select(step => step.TemplateFile)),
        .. Files("the plan", [recipe.Prune.Plan]),
        .. Files("the candidates", [recipe.Search?.CandidatesFile]),
    ];

    private static IEnumerable<ReadPlace> Files(string name, IEnumerable<string?> paths) =>
        paths.OfType<string>().Select(path => new ReadPlace(name, path));
}
