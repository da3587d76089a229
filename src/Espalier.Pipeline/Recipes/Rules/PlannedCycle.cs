using Espalier.Compression.Pruning;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Recipes;

namespace Espalier.Pipeline.Recipes.Rules;

/// <summary>A cut before it is made.</summary>
/// <param name="Number">Which round of its cycle, from 1; null where there is one.</param>
/// <param name="Section">How it is made, its sizes relative to <paramref name="From"/>.</param>
/// <param name="From">The shape that is scored.</param>
/// <param name="To">The shape that it leaves.</param>
internal sealed record PlannedRound(int? Number, PruneSection Section, DecoderConfig From, DecoderConfig To);

/// <summary>A cycle of pruning and distilling before it runs.</summary>
/// <param name="Number">Which one, from 1; null where there is one.</param>
/// <param name="Rounds">Its cuts, in order.</param>
internal sealed record PlannedCycle(int? Number, IReadOnlyList<PlannedRound> Rounds)
{
    /// <summary>The shape before it.</summary>
    public DecoderConfig From => Rounds[0].From;

    /// <summary>The shape after it.</summary>
    public DecoderConfig To => Rounds[^1].To;

    /// <summary>The one cut of a recipe whose sizes a search finds.</summary>
    /// <exception cref="EspalierException">A shape that cannot be.</exception>
    public static IReadOnlyList<PlannedCycle> Found(Recipe recipe, DecoderConfig teacher, DecoderConfig found) =>
        [new(null, [new(null, recipe.Prune, teacher, found.Validate("the student"))])];

    /// <summary>The cycles of a recipe, in order, the way <see cref="CutPath"/> has them.</summary>
    /// <exception cref="EspalierException">A shape that cannot be, or a path that does not exist.</exception>
    public static IReadOnlyList<PlannedCycle> Of(Recipe recipe, DecoderConfig teacher)
    {
        var cuts = CutPath.Of(recipe, teacher);
        var (cycles, from) = (new List<PlannedCycle>(), teacher);
        foreach (var sections in cuts)
        {
            var rounds = new List<PlannedRound>();
            foreach (var section in sections)
            {
                var to = (section.Plan is { } plan ? PlanFile.Apply(plan, from) : section.Target.Apply(from)).Validate("the student");
                rounds.Add(new(sections.Count > 1 ? rounds.Count + 1 : null, section, from, to));
                from = to;
            }
            cycles.Add(new(cuts.Count > 1 ? cycles.Count + 1 : null, rounds));
        }
        return cycles;
    }
}
