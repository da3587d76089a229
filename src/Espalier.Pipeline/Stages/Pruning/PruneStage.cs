using Espalier.Compression.Importance;
using Espalier.Compression.Pruning;
using Espalier.Compression.Pruning.Experts;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Pruning;

/// <summary>The student before training: pruned by importance or a plan, pruned at random, or random weights of the same shape.</summary>
/// <param name="model">The model that is cut.</param>
/// <param name="result">The result's name in tables.</param>
/// <param name="to">The shape that is left, as far as it is known beforehand.</param>
/// <param name="cut">How it is cut; a search finds the sizes.</param>
/// <param name="planned">The same as far as it is known beforehand.</param>
/// <param name="sequence">Tokens of a window, for the forecast.</param>
/// <param name="seed">Of random choices.</param>
internal sealed class PruneStage(ModelSlot model, string result, DecoderConfig to, Slot<PruneSection> cut, PruneSection planned,
    int sequence, long seed) : Stage
{
    /// <summary>File of the plan inside the stage's folder.</summary>
    public const string PlanName = "plan.json";

    public override string Name => "prune";

    /// <summary>The scores that say which units stay; null where none do: a plan, chance, or <see cref="Layers"/> alone.</summary>
    public Slot<ArtefactFile>? Scores { get; init; }

    /// <summary>What says which layers stay, where it is made; null, or not made, where the scores do.</summary>
    public Slot<LayerScores>? Layers { get; init; }

    /// <summary>Element type that the weights are stored in; null for that of the model.</summary>
    public ElementType? Stored { get; init; }

    /// <summary>Whether merged heads beyond the element type's range become its largest number.</summary>
    public bool Clamp { get; init; }

    public ModelSlot Pruned { get; } = new(result, to, planned.Method == PruneMethod.RandomInit ? ElementType.F32 : model.Stored);

    /// <summary>File of the plan that was applied; null where none was, or before the stage ran.</summary>
    public string? Plan { get; private set; }

    internal override StageForecast? Forecast()
    {
        var pairs = PairsOf(planned, model.Planned, to);
        return new(Name, HowPruned(planned, model.Planned, to), null, null,
            pairs > 0 ? pairs * NeuronMatch.FlopsOf(model.Planned) : null, pairs > 0 ? NeuronMatch.BytesOf(model.Planned) : null)
        { Model = ModelForecast.Of(to, sequence) };
    }

    internal override IEnumerable<DiskForecast> Disk() =>
        [new(StageForecast.TitleOf("pruned student", Cycle, Round), Pruned.Stored.Bytes() * to.Parameters, Title)];

    protected override JsonObject Options()
    {
        var section = cut.Value;
        var options = section.StageOptions();
        if (section.Method != PruneMethod.Importance)
            options["seed"] = seed;
        // Only merged heads have weights that the teacher's type may not hold.
        if (section.MergeHeads && Clamp)
            options["clamp"] = true;
        if (Stored is { } stored && stored != model.Value.Stored)
            options["stored"] = stored.Name();
        return options;
    }

    protected override IEnumerable<(string Name, string Hash)> Inputs()
    {
        yield return ("teacher", model.Value.Hash);
        if (cut.Value.Plan is { } plan)
            yield return ("plan", ContentHash.OfFile(plan));
        else if (cut.Value.Method == PruneMethod.Importance && Scores is not null)
            yield return ("scores", Scores.Value.Hash);
        if (Layers is { IsMade: true })
            yield return ("depth", Layers.Value.Hash);
    }

    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        var section = cut.Value;
        // Random weights need the shape alone: a folder with a config.json is enough.
        using var source = Checkpoint.Open(model.Value.Path, requireWeights: section.Method != PruneMethod.RandomInit);
        var written = folder.PathOf(ModelName);
        if (section.Method == PruneMethod.RandomInit)
        {
            var config = section.Target.Apply(source.Config);
            CheckpointWriter.Write(written, config, source, ElementType.F32,
                DecoderWeights.RandomSource(config, source.Family, (ulong)seed), cancellation: run.Stop);
            Check(folder, source, null);
            return new() { ["parameters"] = config.Parameters };
        }
        var plan = PlanOf(source.Config);
        var student = Pruner.Write(source, plan, written, Stored ?? source.StoredType, run.Progress, Clamp, run.Stop);
        PlanFile.Write(folder.PathOf(PlanName), plan);
        Check(folder, source, plan);
        return new() { ["parameters"] = student.Parameters };
    }

    private void Check(StageFolder folder, Checkpoint source, PruningPlan? plan)
    {
        using var written = Checkpoint.Open(folder.PathOf(ModelName));
        using var check = new SanityCheck(Name, folder, source, written);
        var shape = ReferenceEquals(cut.Value, planned) ? to : cut.Value.Target.Apply(source.Config);
        // Which layers go, and so the kinds of those that stay, is known since.
        check.Shape(plan is null || plan.Layers.Length != shape.Layers ? shape
            : shape with { LayerKinds = source.Config.LayerKinds.At(plan.Layers) });
        if (plan is not null)
            check.Sliced(plan);
    }

    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        Pruned.Value = new(result, Path.Combine(folder, ModelName), record.OutputHash);
        Plan = Path.Combine(folder, PlanName) is var plan && File.Exists(plan) ? plan : null;
    }

    private PruningPlan PlanOf(DecoderConfig teacher)
    {
        var section = cut.Value;
        if (section.Plan is { } path)
            return PlanFile.Read(path);
        var student = section.Target.Apply(teacher);
        if (section.Method == PruneMethod.Random)
            return PlanBuilder.Random(teacher, student, (ulong)seed, section.Target.Kinds);
        var layers = Layers is { IsMade: true }
            ? Layers.Value.Keep(section.Depth, teacher.Layers - student.Layers, teacher.LayerKinds, section.Target.Kinds) : null;
        var how = layers is null ? "" : $"layers by {EnumName.Of(Layers!.Value.Metric)}, {EnumName.Of(section.Depth)}";
        if (Scores is null)
            return PlanBuilder.OfLayers(teacher, student, layers!, how);
        var plan =
            PlanBuilder.ByImportance(teacher, student, ScoresFile.Read(Scores.Value.Path), section.Depth, section.MergeHeads,
                section.MergeExperts, layers, section.Target.Kinds);
        return layers is null ? plan : plan with { Method = $"{plan.Method}, {how}" };
    }

    // An expert that no token went to is dropped; which ones those are is known once they are scored.
    private static long PairsOf(PruneSection prune, DecoderConfig teacher, DecoderConfig student) =>
        prune.MergeExperts && student.Experts < teacher.Experts
            ? (long)student.LayersWithExperts * (teacher.Experts - student.Experts) : 0;

    private static string HowPruned(PruneSection prune, DecoderConfig teacher, DecoderConfig student)
    {
        var cuts = new List<string>();
        foreach (var axis in Axis.Asked)
            Cut(axis.Key, axis.Of(teacher), axis.Of(student));
        var how = prune.Plan is { } plan ? $"as {plan} says" : prune.Method switch
        {
            PruneMethod.Random => "random units (a control)",
            PruneMethod.RandomInit => "random weights of that shape (a control)",
            _ when teacher.Layers != student.Layers => $"least important units, {EnumName.Of(prune.Depth)} layers",
            _ => "least important units",
        };
        var pairs = PairsOf(prune, teacher, student);
        var merged = !prune.MergeExperts ? ""
            : pairs == 0 ? ", removed experts merged into kept ones"
            : $", removed experts merged into kept ones: {Units.Counted(pairs, "pair")} whose "
                + $"{Units.Counted(teacher.ExpertIntermediateSize, "neuron")} are matched";
        return $"{(cuts.Count > 0 ? string.Join(", ", cuts) : "nothing")}; {how}{merged}";

        void Cut(string axis, int from, int to)
        {
            if (from != to)
                cuts.Add($"{axis} {from} to {to}");
        }
    }
}
