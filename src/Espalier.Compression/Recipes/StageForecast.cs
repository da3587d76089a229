using Espalier.Compression.Training;
using Espalier.Models;
using Espalier.Models.Families;

namespace Espalier.Compression.Recipes;

/// <summary>A stage before it runs.</summary>
/// <param name="Name">data, correct, score, prune, distill, evaluate or export.</param>
/// <param name="Does">What it does, in a sentence.</param>
/// <param name="Steps">Optimizer steps; null where nothing is trained.</param>
/// <param name="Tokens">Tokens that go through a model; null where that depends on the text.</param>
/// <param name="Flops">Floating-point operations; null where that depends on the text.</param>
/// <param name="MemoryBytes">
/// Float32 weights, and where training gradients and the two moments of Adam with them (16 bytes a weight, 4 where it is frozen); activations come on top. Null where no
/// model is in memory.
/// </param>
public sealed record StageForecast(string Name, string Does, long? Steps, long? Tokens, double? Flops, long? MemoryBytes)
{
    private const int WeightBytes = 4;
    private const int TrainingBytes = 16;

    /// <summary>The stages of a recipe, in order. A backward pass costs two forward passes.</summary>
    internal static IReadOnlyList<StageForecast> Of(Recipe recipe, DecoderConfig teacher, DecoderConfig student)
    {
        var sequence = recipe.Data.Sequence;
        var (forwardTeacher, forwardStudent) = (teacher.ForwardFlopsPerToken(sequence), student.ForwardFlopsPerToken(sequence));
        var stages = new List<StageForecast>
        {
            new("data", $"{string.Join(", ", recipe.Data.Train)} to windows of {sequence} tokens, {recipe.Data.HeldOut * 100:0.##} % held out", null, null, null, null),
        };
        if (recipe.Correct is { } correct)
        {
            var tokens = TokensOf(correct, sequence);
            stages.Add(new("correct", $"the teacher learns the text: {Schedule(correct)}", correct.Steps, tokens, 3 * forwardTeacher * tokens, TrainingBytesOf(correct, teacher)));
        }
        if (recipe.Prune is { Method: PruneMethod.Importance, Plan: null })
        {
            var tokens = (long)recipe.Score.Samples * sequence;
            var aggregator = $"({RecipeFields.NameOf(recipe.Score.Batch)}, {RecipeFields.NameOf(recipe.Score.Sequence)})";
            stages.Add(new("score", $"importance of every unit over {recipe.Score.Samples} samples, {aggregator}",
                null, tokens, forwardTeacher * tokens, WeightBytes * teacher.Parameters));
        }
        stages.Add(new("prune", HowPruned(recipe, teacher, student), null, null, null, null));
        if (recipe.Distill is { } distill)
        {
            var tokens = TokensOf(distill, sequence);
            var hasTeacher = distill.Loss != "cross-entropy";
            stages.Add(new("distill", $"{distill.Loss}: {Schedule(distill)}", distill.Steps, tokens,
                (3 * forwardStudent + (hasTeacher ? forwardTeacher : 0)) * tokens,
                TrainingBytesOf(distill, student) + (hasTeacher ? WeightBytes * teacher.Parameters : 0)));
        }
        if (recipe.Evaluate.Count > 0)
            stages.Add(new("evaluate", $"{Models(recipe)} on {string.Join(", ", recipe.Evaluate.Select(set => set.Name))}", null, null, null, WeightBytes * teacher.Parameters));
        if (recipe.Export.Count > 0)
            stages.Add(new("export", string.Join(", ", recipe.Export.Select(RecipeFields.NameOf)), null, null, null, null));
        return stages;
    }

    private static long TrainingBytesOf(TrainingSection training, DecoderConfig config)
    {
        var trained = training.Freeze.IsEmpty ? config.Parameters : FamilyCatalog.For(config.Family, "freeze").Parameters(config)
            .Where(named => !training.Freeze.Hold(named.Parameter)).Sum(named => named.Shape.Aggregate(1L, (product, size) => product * size));
        return WeightBytes * config.Parameters + (TrainingBytes - WeightBytes) * trained;
    }

    private static long TokensOf(TrainingSection training, int sequence) => checked(training.Steps * training.Batch * sequence);

    private static string Schedule(TrainingSection training) =>
        $"{training.Steps} steps of {training.Batch} windows, learning rate {Rates(training)}, {training.WarmUp} warm-up steps";

    private static string Rates(TrainingSection training) => training.Schedule switch
    {
        ScheduleKind.Constant => $"{training.LearningRate:0.####e-0}",
        ScheduleKind.Cosine => $"{training.LearningRate:0.####e-0} to {training.MinLearningRate:0.####e-0}",
        var other => $"{training.LearningRate:0.####e-0} to {training.MinLearningRate:0.####e-0} ({RecipeFields.NameOf(other)})",
    };

    private static string Models(Recipe recipe) =>
        $"teacher{(recipe.Correct is null ? "" : ", corrected teacher")}, pruned student{(recipe.Distill is null ? "" : ", distilled student")}";

    private static string HowPruned(Recipe recipe, DecoderConfig teacher, DecoderConfig student)
    {
        var cuts = new List<string>();
        Cut("hidden", teacher.HiddenSize, student.HiddenSize);
        Cut("ffn", teacher.IntermediateSize, student.IntermediateSize);
        Cut("heads", teacher.QueryHeads, student.QueryHeads);
        Cut("layers", teacher.Layers, student.Layers);
        var how = recipe.Prune.Plan is { } plan ? $"as {plan} says" : recipe.Prune.Method switch
        {
            PruneMethod.Random => "random units (a control)",
            PruneMethod.RandomInit => "random weights of that shape (a control)",
            _ when teacher.Layers != student.Layers => $"least important units, {RecipeFields.NameOf(recipe.Prune.Depth)} layers",
            _ => "least important units",
        };
        return $"{(cuts.Count > 0 ? string.Join(", ", cuts) : "nothing")}; {how}";

        void Cut(string axis, int from, int to)
        {
            if (from != to)
                cuts.Add($"{axis} {from} to {to}");
        }
    }
}
