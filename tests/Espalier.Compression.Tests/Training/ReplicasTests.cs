using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Parts;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Training;

/// <summary>Several replicas train as the model alone does, and each number of them always with the same bits.</summary>
public sealed class ReplicasTests : TorchTest
{
    private const int Sequence = 8, Steps = 3;

    [ProcessorTheory]
    [InlineData(2, 4, 0)]
    [InlineData(2, 4, 2)]
    [InlineData(2, 6, 4)]
    [InlineData(3, 6, 3)]
    [InlineData(4, 8, 4)]
    public void They_end_with_the_weights_and_losses_of_the_model_alone(int replicas, int batch, int pass)
    {
        var options = new TrainingOptions { Steps = Steps, Batch = batch, MicroBatch = pass, WarmUp = 0 };
        var alone = Train(options, 1, DType.Float64);
        var together = Train(options, replicas, DType.Float64);
        GoldenTensors.AssertClose(alone.Weights, together.Weights, 1e-10, 0, "weights");
        GoldenTensors.AssertClose(alone.Losses, together.Losses, 1e-12, 0, "losses");
        Assert.NotEqual(alone.Losses[0], alone.Losses[^1]);
    }

    [ProcessorTheory]
    [InlineData(ComputeType.Float32, false)]
    [InlineData(ComputeType.Float32, true)]
    [InlineData(ComputeType.Bfloat16, false)]
    public void A_number_of_them_has_the_same_bits_each_time(ComputeType compute, bool checkpointing)
    {
        var options = new TrainingOptions
        {
            Steps = Steps,
            Batch = 4,
            WarmUp = 0,
            Compute = compute,
            ActivationCheckpointing = checkpointing
        };
        var first = Train(options, 2, DType.Float32);
        for (var again = 0; again < 5; again++)
            Assert.Equal(first.Weights, Train(options, 2, DType.Float32).Weights);
    }

    [ProcessorFact]
    public void Computing_blocks_twice_changes_no_bit()
    {
        var options = new TrainingOptions { Steps = Steps, Batch = 4, WarmUp = 0 };
        Assert.Equal(Train(options, 2, DType.Float32).Weights,
            Train(options with { ActivationCheckpointing = true }, 2, DType.Float32).Weights);
    }

    [ProcessorFact]
    public void A_replica_of_which_nothing_counts_takes_no_part()
    {
        // Rows are 9 tokens long; those of every second one do not count, so that of two replicas one has nothing to do.
        var mask = Enumerable.Range(0, 400).Select(token => token / (Sequence + 1) % 2 == 0).ToArray();
        var options = new TrainingOptions { Steps = Steps, Batch = 2, WarmUp = 0 };
        GoldenTensors.AssertClose(Train(options, 1, DType.Float64, mask).Weights, Train(options, 2, DType.Float64, mask).Weights, 1e-10, 0,
            "weights");
    }

    [ProcessorFact]
    public void What_is_frozen_stays()
    {
        var options = new TrainingOptions { Steps = Steps, Batch = 4, WarmUp = 0, Freeze = FrozenParts.Parse(["embedding", "layers 0-0"]) };
        var (alone, together) = (Train(options, 1, DType.Float64), Train(options, 2, DType.Float64));
        GoldenTensors.AssertClose(alone.Weights, together.Weights, 1e-10, 0, "weights");
    }

    [ProcessorFact]
    public void What_fails_in_one_is_thrown_by_the_step()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "width"), DType.Float32);
        using var trainer = new Trainer(model, new LogitObjective(new ForwardKl(), new Broken()), Data(null),
            Options(new() { Steps = 1, Batch = 2 }, 2));
        Assert.Contains("the teacher is gone", Assert.Throws<EspalierException>(() => trainer.Run()).Message, StringComparison.Ordinal);
    }

    [ProcessorTheory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_step_that_was_broken_off_is_made_again_from_the_beginning(int replicas)
    {
        // The third pass of the first step fails: gradients of the passes before it are there then.
        Assert.Equal(Weights(fails: 0), Weights(fails: 3));

        double[] Weights(int fails)
        {
            using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "width"), DType.Float32);
            using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
            using var trainer = new Trainer(model, new LogitObjective(new ForwardKl(), new Failing(new OnlineTeacher(teacher), fails)),
                Data(null), Options(new() { Steps = 2, Batch = 4, MicroBatch = 1, WarmUp = 0 }, replicas));
            if (fails > 0)
                Assert.Throws<EspalierException>(() => trainer.Run());
            Assert.Equal(0, trainer.State.Step);
            trainer.Run();
            return Values(model);
        }
    }

    [ProcessorFact]
    public void A_loss_that_is_not_finite_in_one_skips_the_step()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "width"), DType.Float32);
        using (TensorScope.Begin())
            model.Embedding.Slice(0, 0, 1)
                .CopyInPlace(
                    Tensor.From<float>([.. Enumerable.Repeat(float.NaN, (int)model.Embedding.Size(1))], 1, model.Embedding.Size(1)));
        var before = Values(model);
        using var trainer = new Trainer(model, new LogitObjective(new CrossEntropy()), Data(null),
            Options(new() { Steps = 1, Batch = 2, WarmUp = 0 }, 2));
        trainer.Run();
        Assert.Equal(1, trainer.State.SkippedSteps);
        Assert.Equal(before, Values(model));
    }

    [ProcessorFact]
    public void Objectives_that_train_something_else_have_the_model_alone()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "width"), DType.Float32);
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
        using var hidden = new HiddenStateLoss(new() { Final = true }, teacher.Config, model.Config, 1);
        using var trainer = new Trainer(
            model, new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher), hidden), Data(null),
            Options(new() { Steps = 1, Batch = 2 }, 2));
        Assert.Equal(1, trainer.Layout.Replicas);
    }

    [ProcessorTheory]
    [InlineData(1, 8, 8, 1, 1)] // one thread: the model alone
    [InlineData(2, 8, 8, 2, 1)]
    [InlineData(2, 7, 7, 1, 2)] // seven windows cannot be shared evenly by two
    [InlineData(4, 8, 2, 2, 2)] // passes of two windows
    [InlineData(6, 8, 8, 2, 3)] // two of three threads use all, four of one do not
    [InlineData(16, 8, 8, 8, 2)]
    [InlineData(8, 8, 1, 1, 8)]
    [InlineData(5, 8, 8, 1, 5)]
    public void Threads_are_used_all_and_by_as_many_replicas_as_that_allows(int threads, int windows, int pass, int replicas, int each) =>
        Assert.Equal(new ReplicaLayout(replicas, each), ReplicaLayout.Of(threads, windows, pass, 1 << 20));

    [ProcessorTheory]
    [InlineData(64, 2)]
    [InlineData(65, 1)]
    public void Gradients_of_replicas_have_a_limit(long mebibytes, int replicas) =>
        Assert.Equal(replicas, ReplicaLayout.Of(2, 8, 8, mebibytes << 20).Replicas);

    private static (double[] Weights, double[] Losses) Train(TrainingOptions options, int replicas, DType type, bool[]? mask = null)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "width"), type);
        using var teacher = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), type);
        teacher.Compute = options.Compute;
        using var trainer = new Trainer(model, new LogitObjective(new ForwardKl(), new OnlineTeacher(teacher)), Data(mask),
            Options(options, replicas));
        Assert.Equal(replicas, trainer.Layout.Replicas);
        var losses = new List<double>();
        trainer.Every(1, report => losses.Add(report.Loss));
        trainer.Run();
        return (Values(model), [.. losses]);
    }

    private static TrainingOptions Options(TrainingOptions options, int replicas) => options with { Layout = new(replicas, 1) };

    private static PackedText Data(bool[]? mask)
    {
        var windows = new WindowSet(TokenIds.FromList(Enumerable.Range(0, 400).Select(i => i * 37 % 128), "ids", 128), Sequence,
            mask: mask is null ? null : new(mask));
        return new(windows, SampleOrder.Sequential(windows.Count));
    }

    private static double[] Values(Decoder model) =>
        [.. model.Parameters.SelectMany(parameter => GoldenTensors.DoublesOf(parameter.Value))];

    /// <summary>A teacher that does not answer once.</summary>
    private sealed class Failing(Teacher teacher, int at) : Teacher
    {
        private int _asked;

        public override bool TakesThreads => true;

        public override TeacherOutputs OutputsOf(Batch batch, Tensor ids_BT, IReadOnlyCollection<TapPlace> places) =>
            Interlocked.Increment(ref _asked) == at ? throw new EspalierException("once")
                : teacher.OutputsOf(batch, ids_BT, places);
    }

    private sealed class Broken : Teacher
    {
        public override bool TakesThreads => true;

        public override TeacherOutputs OutputsOf(Batch batch, Tensor ids_BT, IReadOnlyCollection<TapPlace> places) =>
            throw new EspalierException("the teacher is gone");
    }
}
