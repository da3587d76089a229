using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages.Evaluation;
using Espalier.Pipeline.Stages.Pruning;

namespace Espalier.Pipeline.Checks;

/// <summary>
/// The benchmarks that a recipe asks: their files are read whole and every question is written, so that what is missing in the last
/// document is known before anything is computed.
/// </summary>
/// <param name="refusals">Takes what is refused.</param>
/// <param name="recipe">The recipe.</param>
/// <param name="teacher">The teacher, open.</param>
/// <param name="isOnlyPlanned">Whether the teacher has no weights, so that benchmarks need not be there yet.</param>
internal sealed class TaskChecks(Refusals refusals, Recipe recipe, Checkpoint teacher, bool isOnlyPlanned)
{
    /// <summary>Adds what is refused; returns what could not be looked at, one line each.</summary>
    public IReadOnlyList<string> Run()
    {
        var problems = isOnlyPlanned ? new Refusals() : refusals;
        foreach (var task in RecipeTask.Of(recipe).Concat(RecipeTask.OfSearch(recipe)))
            problems.Try(() =>
            {
                _ = task.Questions;
                task.Definition.Kind.CheckModel(task.Definition, task.Settings, recipe.Teacher, teacher.Config.MaxPositions);
            });
        if (OfLayers(recipe, teacher.Config) is { } ofLayers)
            problems.Try(() =>
            {
                if (new TaskSection { Task = recipe.Score.Task! } is { Task: var file } task && (task.IsFile || task.IsItems)
                    && !File.Exists(file))
                    throw new EspalierException($"score.task: {file} does not exist");
                _ = ofLayers.Questions;
                // Without a tokenizer the recipe is refused already.
                if (NeedStage.TokenizerOf(teacher.Folder) is { } tokenizer)
                    _ = ofLayers.Rows(tokenizer, teacher.Config);
            });
        return isOnlyPlanned ? problems.Problems : [];
    }

    /// <summary>The task that layers are judged by; null where no layer is.</summary>
    public static RecipeTask? OfLayers(Recipe recipe, DecoderConfig teacher) =>
        recipe.Score.Task is { } task && DepthStage.Asked(recipe.Score, recipe.Prune, teacher) is not null
            ? DepthStage.TaskOf(task, recipe.Benchmarks) : null;
}
