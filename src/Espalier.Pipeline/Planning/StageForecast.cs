using Espalier.Compression.Distillation;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Pruning.Masks;
using Espalier.Compression.Training;
using Espalier.Models;
using Espalier.Models.Families;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Stages;

namespace Espalier.Pipeline.Planning;

/// <summary>A stage before it runs.</summary>
/// <param name="Name">data, need, correct, score, depth, prune, distill, evaluate or export.</param>
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
    /// <summary>The model that it runs, makes or writes, the larger where it runs two: shape, parameters, KV cache. Null where there is none.</summary>
    public ModelForecast? Model { get; init; }

    /// <summary>The most that it writes to the disk; null where that depends on the text, or is nothing to speak of.</summary>
    public long? DiskBytes { get; init; }

    /// <summary>The cycle of pruning and distilling that it belongs to, from 1; null where there is one cycle, or it belongs to none.</summary>
    public int? Cycle { get; init; }

    /// <summary>The round of iterative importance within the cycle, from 1; null where there is one round, or it belongs to none.</summary>
    public int? Round { get; init; }

    /// <summary>What tells it from its likes of other cycles and rounds: <c>score, cycle 2, round 1</c>.</summary>
    public string Title() => TitleOf(Name, Cycle, Round);

    internal static string TitleOf(string name, int? cycle, int? round = null) =>
        $"{name}{(cycle is null ? "" : $", cycle {cycle}")}{(round is null ? "" : $", round {round}")}";

    private const int WeightBytes = 4;
    private const int TrainingBytes = 16;

    /// <summary>The stages of a recipe, in order. A backward pass costs two forward passes.</summary>
    internal static IReadOnlyList<StageForecast> Of(Recipe recipe, DecoderConfig teacher, IReadOnlyList<PlannedCycle> cycles)
    {
        var sequence = recipe.Data.Sequence;
        var forwardTeacher = teacher.ForwardFlopsPerToken(sequence);
        var teacherForecast = ModelForecast.Of(teacher, sequence);
        var stages = new List<StageForecast>
        {
            new("data", $"{string.Join(", ", recipe.Data.Train)} to windows of {sequence} tokens, {recipe.Data.HeldOut * 100:0.##} % held out", null, null, null, null),
        };
        var isParallel = recipe.Correct is not null && recipe.Correction.Mode == CorrectMode.Parallel;
        if (recipe.Correct is not null && recipe.Correction.When == CorrectWhen.Auto)
            stages.Add(Need(recipe, teacher, forwardTeacher) with { Model = teacherForecast });
        if (recipe.Correct is { } correct && !isParallel)
        {
            var tokens = TokensOf(correct, sequence);
            stages.Add(new("correct", $"{IfNeeded(recipe)}the teacher learns the text: {Schedule(correct)}", correct.Steps, tokens, 3 * forwardTeacher * tokens, TrainingBytesOf(correct, teacher))
            {
                Model = teacherForecast,
            });
        }
        foreach (var cycle in cycles)
        {
            foreach (var round in cycle.Rounds)
                stages.AddRange(Cut(recipe, round).Select(stage => stage with { Cycle = cycle.Number, Round = round.Number }));
            if (recipe.Distill is { } distill)
                stages.AddRange(Distill(recipe, distill, teacher, cycle, isParallel).Select(stage => stage with { Cycle = cycle.Number }));
        }
        if (recipe.Evaluate.Count > 0)
            stages.Add(new("evaluate", $"{Models(recipe, cycles.Count)} on {string.Join(", ", recipe.Evaluate.Select(set => set.Name))}; each writes on from a few beginnings", null, null, null,
                WeightBytes * teacher.Parameters)
            {
                Model = teacherForecast,
            });
        if (recipe.Export.Count > 0)
            stages.Add(new("export", string.Join(", ", recipe.Export.Select(EnumName.Of)), null, null, null, null) { Model = ModelForecast.Of(cycles[^1].To, sequence) });
        return stages;
    }

    /// <summary>One cut: what is scored for it, and the cut itself.</summary>
    private static IEnumerable<StageForecast> Cut(Recipe recipe, PlannedRound round)
    {
        var (sequence, model, section) = (recipe.Data.Sequence, round.From, round.Section);
        var (forward, forecast) = (model.ForwardFlopsPerToken(sequence), ModelForecast.Of(model, sequence));
        if (section.Sparsity is { } sparsity)
        {
            yield return Mask(recipe, sparsity, model, forward) with { Model = forecast };
            yield break;
        }
        if (section is { Method: PruneMethod.Importance, Plan: null })
            yield return Score(recipe, model, forward) with { Model = forecast };
        if (DepthStage.Asked(recipe with { Prune = section }, model) is { } asked)
        {
            var (tokens, flops) = DepthCost.Of(asked, model, sequence);
            var (items, what) = (recipe.Score.Task, $"{EnumName.Of(recipe.Score.Depth)} without each layer{DepthStage.Words(asked)}");
            yield return (items is null
                ? new StageForecast("depth", $"{what}, over {asked.Samples} samples", null, tokens, flops, WeightBytes * model.Parameters)
                : new StageForecast("depth", $"{what}, on {items}", null, null, null, WeightBytes * model.Parameters)) with
            { Model = forecast };
        }
        yield return new("prune", HowPruned(section, model, round.To), null, null, null, null) { Model = ModelForecast.Of(round.To, sequence) };
    }

    /// <summary>A cycle's distillation, and the cache that it reads.</summary>
    private static IEnumerable<StageForecast> Distill(Recipe recipe, TrainingSection distill, DecoderConfig teacher, PlannedCycle cycle, bool isParallel)
    {
        var (sequence, student) = (recipe.Data.Sequence, cycle.To);
        var guide = recipe.Cycles?.Teacher == CycleTeacher.Previous ? cycle.From : teacher;
        var (forwardGuide, forwardStudent) = (guide.ForwardFlopsPerToken(sequence), student.ForwardFlopsPerToken(sequence));
        var tokens = TokensOf(distill, sequence);
        var hasTeacher = LossSpec.Parse(distill.Loss).NeedsTeacher;
        if (distill.Cache is { } cache)
        {
            var size = CacheForecast.Of(cache, guide, sequence);
            yield return new("cache", $"the teacher's distributions, {EnumName.Of(cache.Encoding)}: {size.BytesOfAToken:0.#} bytes a token", null, tokens,
                forwardGuide * tokens, WeightBytes * guide.Parameters)
            { Model = ModelForecast.Of(guide, sequence) };
            hasTeacher = false;
        }
        var along = isParallel ? $"; {IfNeeded(recipe)}the teacher learns the text meanwhile, learning rate {recipe.Correct!.LearningRate:0.####e-0}" : "";
        var from = cycle.Number > 1 && hasTeacher ? recipe.Cycles!.Teacher == CycleTeacher.Previous ? $", from the student of cycle {cycle.Number - 1}" : ", from the run's teacher" : "";
        yield return new("distill", $"{distill.Loss}{from}: {Schedule(distill)}{along}", distill.Steps, tokens,
            (3 * forwardStudent + (isParallel ? 3 : hasTeacher ? 1 : 0) * forwardGuide) * tokens,
            TrainingBytesOf(distill, student) + (isParallel ? TrainingBytes : hasTeacher ? WeightBytes : 0) * guide.Parameters)
        { Model = ModelForecast.Of(student, sequence) };
    }

    /// <summary>Weights to zero, the shape as it is: the model is loaded, and for Wanda run once for each block.</summary>
    private static StageForecast Mask(Recipe recipe, Sparsity sparsity, DecoderConfig model, double forward)
    {
        var memory = WeightBytes * model.Parameters;
        if (recipe.Prune.Method != PruneMethod.Wanda)
            return new("prune", $"{sparsity} of the weights of all blocks to zero, the smallest of each matrix (a control); the shape stays", null, null, null, memory);
        var tokens = (long)model.Layers * recipe.Score.Samples * recipe.Data.Sequence;
        return new("prune", $"{sparsity} of the weights of all blocks to zero, by Wanda over {recipe.Score.Samples} samples (a control); the shape stays", null, tokens, forward * tokens, memory);
    }

    private static long TrainingBytesOf(TrainingSection training, DecoderConfig config)
    {
        var trained = training.Freeze.IsEmpty ? config.Parameters : FamilyCatalog.For(config.Family, "freeze").Parameters(config)
            .Where(named => !training.Freeze.Hold(named.Parameter)).Sum(named => named.Shape.Aggregate(1L, (product, size) => product * size));
        return WeightBytes * config.Parameters + (TrainingBytes - WeightBytes) * trained;
    }

    private static long TokensOf(TrainingSection training, int sequence) => checked(training.Steps * training.Batch * sequence);

    private static StageForecast Need(Recipe recipe, DecoderConfig teacher, double forward)
    {
        var window = Math.Min(recipe.Data.Sequence, NeedTest.MostSequence);
        var written = NeedStage.ReferencePath(recipe.Teacher, recipe.Correction.Reference) is null;
        // Generated text goes through the teacher once to be written and once to be judged.
        var tokens = (long)window * (NeedTest.MostWindows + (written ? 2 * NeedTest.WrittenWindows : NeedTest.MostWindows));
        var reference = written ? "text that the teacher writes now" : recipe.Correction.Reference ?? "what the teacher wrote itself";
        return new("need", $"is the teacher's loss on held-out text, beyond what it expects, more than {recipe.Correction.Threshold:0.###} nats a token above that on {reference}? else no correction",
            null, tokens, forward * tokens, WeightBytes * teacher.Parameters);
    }

    private static StageForecast Score(Recipe recipe, DecoderConfig teacher, double forward)
    {
        var (score, tokens) = (recipe.Score, (long)recipe.Score.Samples * recipe.Data.Sequence);
        return score.Method switch
        {
            ScoreMethod.Magnitude => new("score", "size of every unit's weights (a control)", null, null, null, null),
            ScoreMethod.Random => new("score", "chance (a control)", null, null, null, null),
            ScoreMethod.Taylor => new("score", $"first-order Taylor of every unit over {score.Samples} samples (a control)",
                null, tokens, 3 * forward * tokens, 2 * WeightBytes * teacher.Parameters),
            ScoreMethod.Redundancy => new("score", $"how little neurons and heads copy each other over {score.Samples} samples (a control)", null, tokens,
                (forward + 2.0 * teacher.Layers * teacher.IntermediateSize * teacher.IntermediateSize) * tokens,
                WeightBytes * teacher.Parameters + 8L * teacher.Layers * teacher.IntermediateSize * teacher.IntermediateSize),
            _ => new("score", $"importance of every unit over {score.Samples} samples, ({EnumName.Of(score.Batch)}, {EnumName.Of(score.Sequence)})",
                null, tokens, forward * tokens, WeightBytes * teacher.Parameters),
        };
    }

    private static string IfNeeded(Recipe recipe) => recipe.Correction.When == CorrectWhen.Auto ? "if needed, " : "";

    private static string Schedule(TrainingSection training) =>
        $"{training.Steps} steps of {training.Batch} windows, learning rate {Rates(training)}, {training.WarmUp} warm-up steps";

    private static string Rates(TrainingSection training) => training.Schedule switch
    {
        ScheduleKind.Constant => $"{training.LearningRate:0.####e-0}",
        ScheduleKind.Cosine => $"{training.LearningRate:0.####e-0} to {training.MinLearningRate:0.####e-0}",
        var other => $"{training.LearningRate:0.####e-0} to {training.MinLearningRate:0.####e-0} ({EnumName.Of(other)})",
    };

    private static string Models(Recipe recipe, int cycles) =>
        $"teacher{(recipe.Correct is null ? "" : ", corrected teacher")}, pruned student{(recipe.Distill is null ? "" : ", distilled student")}{(cycles > 1 ? " of each cycle" : "")}";

    private static string HowPruned(PruneSection prune, DecoderConfig teacher, DecoderConfig student)
    {
        var cuts = new List<string>();
        Cut("hidden", teacher.HiddenSize, student.HiddenSize);
        Cut("ffn", teacher.IntermediateSize, student.IntermediateSize);
        Cut("heads", teacher.QueryHeads, student.QueryHeads);
        Cut("layers", teacher.Layers, student.Layers);
        var how = prune.Plan is { } plan ? $"as {plan} says" : prune.Method switch
        {
            PruneMethod.Random => "random units (a control)",
            PruneMethod.RandomInit => "random weights of that shape (a control)",
            _ when teacher.Layers != student.Layers => $"least important units, {EnumName.Of(prune.Depth)} layers",
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
