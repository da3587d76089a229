using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Options.Training;

namespace Espalier.Pipeline.Recipes.Rules;

/// <summary>What cycles and rounds mean beside the rest of a recipe.</summary>
internal static class CyclesRules
{
    /// <summary>Reads the section, after all others.</summary>
    public static Recipe Read(SectionFields fields, Recipe recipe)
    {
        var (prune, rounds, distill) = (recipe.Prune, recipe.Score.Rounds, recipe.Distill);
        const string key = "cycles";
        if (prune is { Plan: not null } && rounds > 1)
            throw fields.At("score", $"rounds is {rounds}, but prune.plan already says what to keep; keep one of the two");
        if (prune.Method != PruneMethod.Importance && rounds > 1)
            throw fields.At("score",
                $"rounds is {rounds}, but prune.method is {EnumName.Of(prune.Method)}, which scores nothing; leave one of them out");
        if (fields.Find(key) is null)
            return recipe;
        var section = fields.Section(key)!;
        if (prune.Plan is not null)
            throw fields.At(key, "prune.plan describes a single cut; give sizes instead");
        if (prune.Method == PruneMethod.RandomInit)
            throw fields.At(key, "prune.method is random-init, which prunes nothing; leave one of them out");
        if (distill is null)
            throw fields.At(key,
                "each cycle distils after pruning, but there is no distill; to prune in steps without training, use score.rounds");
        if (recipe.Correction.Mode == CorrectMode.Parallel)
            throw fields.At(key, "correct.mode is parallel, which trains the teacher during a single distillation; use mode: before");
        if (distill.Cache is not null)
            throw fields.At(key, "distill.cache serves a single distillation; leave one of them out");
        return recipe with { Cycles = CyclesSection.Keys.Read(section, new()) };
    }
}
