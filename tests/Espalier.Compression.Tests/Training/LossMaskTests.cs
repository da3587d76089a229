using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Training;

public sealed class LossMaskTests : TorchTest
{
    private const int Sequence = 8, Rows = 3;

    public static TheoryData<string> Objectives => ["cross-entropy", "forward-kl", "hidden", "parallel"];

    /// <summary>Losses are sums: what one mask leaves out and its opposite has must add up to the whole, gradients and parts too.</summary>
    [Theory]
    [MemberData(nameof(Objectives))]
    public void A_mask_and_its_opposite_add_up_to_the_whole(string objective)
    {
        var mask = Mask(7);
        var whole = Run(objective, null);
        var one = Run(objective, mask);
        var other = Run(objective, [.. mask.Select(counted => !counted)]);

        for (var i = 0; i < whole.Length; i++)
            Assert.Equal(whole[i], one[i] + other[i], 1e-10 * Math.Max(1, Math.Abs(whole[i])));
        Assert.NotEqual(whole[0], one[0], 1e-3);
    }

    [Theory]
    [MemberData(nameof(Objectives))]
    public void A_mask_of_ones_has_the_bits_of_none(string objective) =>
        Assert.Equal(Run(objective, null), Run(objective, Enumerable.Repeat(true, Rows * Sequence).ToArray()));

    [Theory]
    [MemberData(nameof(Objectives))]
    public void Where_nothing_counts_the_sums_are_zero_and_no_gradient_comes(string objective) =>
        Assert.All(Run(objective, new bool[Rows * Sequence]), value => Assert.Equal(0, value));

    [Fact]
    public void The_mean_is_that_of_the_counted_targets_alone()
    {
        var mask = Mask(3);
        var sums = Run("cross-entropy", mask)[0];
        using var model = Model("width");
        var nll = Nll(model, Read(Windows(null)));

        Assert.Equal(nll.Where((_, i) => mask[i]).Sum(), sums, 1e-9);
    }

    [Fact]
    public void Micro_batches_with_other_numbers_of_counted_tokens_add_up_to_one_batch()
    {
        var counted = Enumerable.Range(0, 400).Select(i => i % 61 < 9 || i % 7 == 0).ToArray();
        var (whole, parts) = (Train(counted, 4), Train(counted, 1));

        Assert.Equal(whole.Reports[0].CountedTokens, parts.Reports[0].CountedTokens);
        Assert.True(whole.Reports[0].CountedTokens < whole.Reports[0].Tokens);
        for (var step = 0; step < whole.Reports.Count; step++)
        {
            Assert.Equal(whole.Reports[step].Loss, parts.Reports[step].Loss, 1e-9);
            Assert.Equal(whole.Reports[step].GradientNorm, parts.Reports[step].GradientNorm, 1e-9);
        }
    }

    [Fact]
    public void A_step_of_which_nothing_counts_leaves_the_weights_as_they_are()
    {
        var (reports, before, after) = Train(new bool[400], 4);

        Assert.All(reports, report => Assert.Equal((0.0, 0L, false), (report.Loss, report.CountedTokens, report.Skipped)));
        Assert.Equal(before, after);
    }

    [Fact]
    public void A_mask_of_another_length_is_refused_and_so_is_one_where_every_token_is_scored()
    {
        var ids = TokenIds.FromList(Enumerable.Range(0, 50), "ids", 128);
        Assert.Contains("50 tokens but a loss mask of 49",
            Assert.Throws<EspalierException>(() => new WindowSet(ids, 8, mask: new(new bool[49]))).Message, StringComparison.Ordinal);
        Assert.Contains("loss mask",
            Assert.Throws<EspalierException>(() => new WindowSet(ids, 8, mask: new(new bool[50])).WithoutMask("evaluation")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Chosen_rows_of_what_a_cache_knows_are_those_rows()
    {
        using var scope = TensorScope.Begin();
        var signal = new SparseDistributions(
            9, Tensor.From<long>([0, 1, 2, 3, 4, 5], 3, 2), Tensor.From<float>([0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f], 3, 2),
            Tensor.From<float>([1, 2, 3], 3), null);

        var chunk = Assert.IsType<SparseChunk>(signal.Rows(Tensor.From<long>([2, 0], 2)).At(0, 2, 9));

        Assert.Equal([4, 5, 0, 1], chunk.Ids_CK.ToArray<long>());
        Assert.Equal([0.5f, 0.6f, 0.1f, 0.2f], chunk.Weights_CK.ToArray<float>());
        Assert.Equal([3f, 1f], chunk.LogTail_C!.ToArray<float>());
    }

    /// <summary>The sum, the parts and all gradients of one batch in float64.</summary>
    private static double[] Run(string name, bool[]? mask)
    {
        using var model = Model("width");
        using var teacher = Model("teacher");
        using var hidden = new HiddenStateLoss(new() { Final = true, Weight = 0.7 }, teacher.Config, model.Config, seed: 1, DType.Float64);
        model.RequiresGrad = true;
        Objective objective = name switch
        {
            "cross-entropy" => new LogitObjective(new CrossEntropy()),
            "forward-kl" => new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher)),
            "hidden" => new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher), hidden),
            _ => new ParallelCorrection(teacher, 1, guide => new LogitObjective(new ForwardKl(), guide)),
        };
        var sums = objective.Accumulate(model, Read(Windows(mask)), 1.0 / 24);
        var trained = model.Parameters.Select(p => p.Value)
            .Concat(objective.Trained.SelectMany(set => set.Parameters.Select(p => p.Value)));
        using var scope = TensorScope.Begin();
        return [sums.Sum, .. sums.Parts,
            .. trained.SelectMany(value => value.Grad() is { } grad ? GoldenTensors.DoublesOf(grad) : new double[value.ElementCount])];
    }

    private static (List<StepReport> Reports, double[] Before, double[] After) Train(bool[] counted, int pass)
    {
        using var model = Model("width");
        var windows = new WindowSet(TokenIds.FromList(Enumerable.Range(0, 400).Select(i => i * 37 % 128), "ids", 128), Sequence,
            mask: new(counted));
        var before = GoldenTensors.DoublesOf(model.Embedding);
        using var trainer = new Trainer(
            model, new LogitObjective(new CrossEntropy()), new PackedText(windows, SampleOrder.Sequential(windows.Count)),
            new() { Steps = 4, Batch = 4, MicroBatch = pass });
        var reports = new List<StepReport>();
        trainer.Every(1, reports.Add);
        trainer.Run();
        return (reports, before, GoldenTensors.DoublesOf(model.Embedding));
    }

    private static double[] Nll(Decoder model, Batch batch)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var logits_NV = model.Forward(Tensor.From<long>(batch.Inputs, batch.Size, batch.Sequence)).Linear(model.Head.Weight)
            .View(batch.Tokens, -1);
        return [.. logits_NV.LogSoftmax(-1).Gather(-1, Tensor.From<long>(batch.Targets, batch.Tokens, 1).On(model.Device)).ToArray<double>()
            .Select(value => -value)];
    }

    private static Decoder Model(string name) => GoldenTensors.Load(Fixtures.Golden("pruning", name), DType.Float64);

    // Flags of the targets: the first token of a stream is nobody's.
    private static WindowSet Windows(bool[]? mask) => new(
        TokenIds.FromList(Enumerable.Range(0, Rows * Sequence + 1).Select(i => i * 29 % 128), "ids", 128), Sequence,
        WindowStride.Contiguous,
        mask: mask is null ? null : new(new[] { false }.Concat(mask).ToArray()));

    private static Batch Read(WindowSet windows) =>
        new PackedText(windows, SampleOrder.Sequential(windows.Count)).Batches(Rows, Rows).Single();

    private static bool[] Mask(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Rows * Sequence).Select(_ => random.Next(3) > 0)];
    }
}
