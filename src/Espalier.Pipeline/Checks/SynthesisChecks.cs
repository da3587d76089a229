using Espalier.Compression.Synthesis;
using Espalier.Evaluation.Synthesis;
using Espalier.Evaluation.Tasks;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages.Synthesis;

namespace Espalier.Pipeline.Checks;

/// <summary>
/// What the teacher of a recipe is to write after, and what its texts are held against: read before anything is computed, for they are
/// needed hours later.
/// </summary>
/// <param name="refusals">Takes what is refused.</param>
/// <param name="recipe">The recipe.</param>
/// <param name="teacher">The teacher.</param>
/// <param name="isOnlyPlanned">Whether the teacher has no weights, so that files need not be there yet.</param>
internal sealed class SynthesisChecks(Refusals refusals, Recipe recipe, Checkpoint teacher, bool isOnlyPlanned)
{
    /// <summary>Adds what is refused; returns what could not be looked at, one line each.</summary>
    public IReadOnlyList<string> Run()
    {
        if (recipe.Synthesize is not { } options)
            return [];
        var problems = isOnlyPlanned ? new Refusals() : refusals;
        problems.Try(() => PromptList.Of(options, teacher.Folder, teacher.Config, Tokenizer.Load(teacher.Folder), default));
        problems.Try(() => SynthesisFilters.Of(
            SynthesizeStage.Kept(options, recipe.Tasks), BenchmarksFolder.Find(recipe.Benchmarks), NullProgress.Instance, default));
        return isOnlyPlanned ? problems.Problems : [];
    }
}
