using Espalier.Compression.Pruning;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Families;
using Espalier.Tests;
using Espalier.Torch;

namespace Espalier.Compression.Tests.Pruning;

/// <summary>What holds for a pruned model of every family, whatever was cut.</summary>
public sealed class FamilyPruningTests : TorchTest
{
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-families-").FullName;

    public static TheoryData<string> Families => [.. Directory.GetDirectories(Fixtures.Golden("families")).Select(folder => Path.GetFileName(folder)).Order()];

    [Theory, MemberData(nameof(Families))]
    public void Pruning_nothing_changes_no_bit(string family)
    {
        using var teacher = Open(family);
        using var same = Prune(teacher, PruningPlan.Everything(teacher.Config), "same");
        Assert.Equal(teacher.Entries.Keys.Order(), same.Entries.Keys.Order());
        foreach (var name in teacher.Entries.Keys)
            Assert.Equal(Values(teacher, name), Values(same, name));
    }

    [Theory, MemberData(nameof(Families))]
    public void A_cut_of_every_axis_has_the_planned_shape_and_count_and_changes_every_axis(string family)
    {
        using var teacher = Open(family);
        var config = teacher.Config;
        var student = Half(config).Apply(config);
        using var pruned = Prune(teacher, PlanBuilder.Random(config, student, 3), "cut");
        Assert.Equal(student.Parameters, pruned.CountedParameters);
        Assert.Equal(
            (student.HiddenSize, student.IntermediateSize, student.Layers, student.QueryHeads, student.KeyValueHeads, config.HeadDim),
            (pruned.Config.HiddenSize, pruned.Config.IntermediateSize, pruned.Config.Layers, pruned.Config.QueryHeads, pruned.Config.KeyValueHeads, pruned.Config.HeadDim));
        Assert.True(pruned.Config.HiddenSize < config.HiddenSize && pruned.Config.IntermediateSize < config.IntermediateSize && pruned.Config.Layers < config.Layers && pruned.Config.QueryHeads < config.QueryHeads);
        foreach (var (name, entry) in pruned.Entries)
        {
            Assert.True(pruned.Family.TryParse(name, out var parameter));
            Assert.Equal(ParameterShape.Of(parameter.Role, student), entry.Shape);
        }
    }

    [Theory, MemberData(nameof(Families))]
    public void A_masked_model_equals_the_sliced_one(string family)
    {
        using var teacher = Open(family);
        var config = teacher.Config;
        var target = new PruneTarget { Ffn = config.IntermediateSize / 2, Heads = Heads(config), Multiple = 1 };
        var plan = PlanBuilder.Random(config, target.Apply(config), 5);
        using var pruned = Prune(teacher, plan, "masked");
        void Mask(TapPoint point, int layer, Tensor value)
        {
            if (point == TapPoint.MlpIntermediate)
                Zero(value, plan.Neurons[layer]);
            else if (point == TapPoint.AttentionOutput)
                Zero(value, plan.Heads[layer]);
        }
        GoldenTensors.AssertClose(Logits(teacher, Mask), Logits(pruned), 1e-10, 0, family);
    }

    [Theory, MemberData(nameof(Families))]
    public void Skipped_layers_equal_dropped_ones(string family)
    {
        using var teacher = Open(family);
        var everything = PruningPlan.Everything(teacher.Config);
        var kept = teacher.Config.Layers - 1;
        var plan = everything with { Layers = [.. everything.Layers[1..]], Heads = everything.Heads[1..], Neurons = everything.Neurons[1..] };
        using var pruned = Prune(teacher, plan, "shallow");
        Assert.Equal(kept, pruned.Config.Layers);

        // A block whose two last projections are zero hands its input on.
        void Skip(TapPoint point, int layer, Tensor value)
        {
            if (layer == 0 && point is TapPoint.AttentionOutput or TapPoint.MlpIntermediate && layer == 0)
                Zero(value, []);
        }
        GoldenTensors.AssertClose(Logits(teacher, Skip), Logits(pruned), 1e-10, 0, family);
    }

    [Theory, MemberData(nameof(Families))]
    public void A_reloaded_student_gives_the_logits_of_the_one_in_memory(string family)
    {
        using var teacher = Open(family);
        var plan = PlanBuilder.Random(teacher.Config, Half(teacher.Config).Apply(teacher.Config), 7);
        using var pruned = Prune(teacher, plan, "memory");
        using var inMemory = DecoderWeights.Load(pruned);
        var folder = Path.Combine(_folder, "again");
        CheckpointWriter.Write(folder, pruned.Config, pruned, ElementType.F32, DecoderWeights.Source(inMemory, pruned.Family));
        using var again = Checkpoint.Open(folder);
        Assert.Equal(Logits(pruned), Logits(again));
    }

    private static PruneTarget Half(DecoderConfig config) => new()
    {
        Hidden = config.HiddenSize / 2,
        Ffn = config.IntermediateSize / 2,
        Heads = Heads(config),
        Layers = config.Layers - 1,
        Multiple = 1,
    };

    private static int Heads(DecoderConfig config) => Math.Max(1, config.GroupSize / 2) * config.KeyValueHeads;

    private static Checkpoint Open(string family) => Checkpoint.Open(Fixtures.Golden("families", family));

    private Checkpoint Prune(Checkpoint teacher, PruningPlan plan, string name)
    {
        var folder = Path.Combine(_folder, name);
        Pruner.Write(teacher, plan, folder, ElementType.F32, NullProgress.Instance);
        return Checkpoint.Open(folder);
    }

    private static float[] Values(Checkpoint model, string name)
    {
        var values = new float[model.Entries[name].Elements];
        model.ReadFloat32(name, 0, values);
        return values;
    }

    private static double[] Logits(Checkpoint checkpoint, Tap? tap = null)
    {
        using var model = DecoderWeights.Load(checkpoint, DType.Float64);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var ids = Tensor.From<long>([.. Enumerable.Range(0, 24).Select(i => (long)(i * 7 % model.Config.VocabularySize))], 1, 24);
        return GoldenTensors.DoublesOf(model.Logits(model.Forward(ids, tap)));
    }

    private static void Zero(Tensor value, int[] kept)
    {
        using var scope = TensorScope.Begin();
        var mask = new double[value.Size(2)];
        foreach (var unit in kept)
            mask[unit] = 1;
        long[] shape = value.Dimensions == 4 ? [1, 1, mask.Length, 1] : [1, 1, mask.Length];
        value.MulInPlace(Tensor.From<double>(mask, shape));
    }
}
