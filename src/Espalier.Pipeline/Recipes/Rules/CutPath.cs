using Espalier.Compression.Pruning;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Recipes;

namespace Espalier.Pipeline.Recipes.Rules;

/// <summary>The cuts of a recipe: for each cycle of pruning and distilling, one cut for each round of iterative importance.</summary>
internal static class CutPath
{
    /// <summary>[cycle][round], each cut relative to the shape before it.</summary>
    /// <exception cref="EspalierException">A shape that cannot be, or a path that does not exist.</exception>
    public static IReadOnlyList<IReadOnlyList<PruneSection>> Of(Recipe recipe, DecoderConfig teacher)
    {
        if (recipe.Cycles is null && recipe.Score.Rounds == 1)
            return [[recipe.Prune]];
        var student = recipe.Prune.Target.Apply(teacher);
        var shapes = recipe.Cycles?.Path(teacher, student) ?? [student];
        return [.. shapes.Select((shape, i) => Rounds(recipe, i == 0 ? teacher : shapes[i - 1], shape))];
    }

    private static PruneSection[] Rounds(Recipe recipe, DecoderConfig from, DecoderConfig to)
    {
        var shapes = ShapePath.Even(from, to, recipe.Score.Rounds, multiple: 1);
        return [.. shapes.Select((shape, i) => recipe.Prune with { Target = PruneTarget.Between(i == 0 ? from : shapes[i - 1], shape) })];
    }
}
