using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages.Texts;

namespace Espalier.Pipeline.Checks;

/// <summary>What the steps of alignment read: whether it is there, and fits the model.</summary>
/// <param name="refusals">Takes what is refused.</param>
/// <param name="recipe">The recipe.</param>
/// <param name="teacher">The teacher, open.</param>
/// <param name="isOnlyPlanned">Whether the teacher has no weights, so that data need not be there yet.</param>
internal sealed class AlignChecks(Refusals refusals, Recipe recipe, Checkpoint teacher, bool isOnlyPlanned)
{
    /// <summary>Adds what is refused; returns what could not be looked at, one line each.</summary>
    public IReadOnlyList<string> Run()
    {
        var missing = isOnlyPlanned ? new Refusals() : refusals;
        foreach (var step in recipe.Align)
        {
            refusals.Try(() => RequirePositions(step, teacher));
            if (step.ReadsSynthesized && recipe.Synthesize is null)
                refusals.Add(AlignDataStage.NothingWritten().Message);
            foreach (var source in step.DataFiles)
                missing.Try(() => AlignDataStage.Require(source));
            missing.Try(() => { _ = AlignDataStage.TemplateOf(step, teacher.Folder); });
            if (step.Teacher is { } judge)
                missing.Try(() => { _ = VocabularyAlignment.Of(judge, teacher.Folder); });
        }
        return isOnlyPlanned ? missing.Problems : [];
    }

    /// <summary>Refuses windows that the model has no positions for.</summary>
    public static void RequirePositions(AlignSection step, Checkpoint model)
    {
        if (step.Sequence > model.Config.MaxPositions)
            throw new EspalierException(
                $"align: sequence is {step.Sequence}, but {model.Folder} has {model.Config.MaxPositions} positions "
                    + $"(max_position_embeddings): "
                    + "give at most that");
    }
}
