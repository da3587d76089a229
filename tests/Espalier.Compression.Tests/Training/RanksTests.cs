using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Training;

/// <summary>Several ranks, here threads, train as one process does.</summary>
public sealed class RanksTests : TorchTest
{
    private const int Sequence = 8, Steps = 3;

    [Theory]
    [InlineData(2, 4, 0)]
    [InlineData(2, 4, 1)]
    [InlineData(3, 6, 2)]
    [InlineData(4, 4, 0)]
    public void They_end_with_the_weights_and_losses_of_one_process_and_each_with_the_same_bits(int ranks, int batch, int pass)
    {
        var (alone, losses) = Train(Ranks.Single, batch, pass, mask: null);
        var together = Together(ranks, batch, pass, mask: null);
        foreach (var (weights, reported) in together)
        {
            GoldenTensors.AssertClose(alone, weights, 1e-10, 0, "weights");
            GoldenTensors.AssertClose(losses, reported, 1e-12, 0, "losses");
            Assert.Equal(together[0].Weights, weights);
        }
    }

    [Fact]
    public void A_rank_whose_part_counts_nothing_takes_the_steps_of_the_others()
    {
        // Rows are 9 tokens long; those of every second rank's part do not count.
        var mask = Enumerable.Range(0, 400).Select(token => token / (Sequence + 1) % 2 == 0).ToArray();
        var (alone, _) = Train(Ranks.Single, 2, 0, mask);
        foreach (var (weights, _) in Together(2, 2, 0, mask))
            GoldenTensors.AssertClose(alone, weights, 1e-10, 0, "weights");
    }

    [Fact]
    public void A_batch_that_cannot_be_shared_evenly_is_refused()
    {
        using var meeting = new Meeting(3);
        var error = Assert.Throws<EspalierException>(() => Train(new ThreadRanks(3, 0, meeting), 4, 0, mask: null));
        Assert.Contains("batch is 4 and 3 processes share it", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_the_first_saves()
    {
        using var meeting = new Meeting(2);
        Assert.True(Ranks.Single.Saves);
        Assert.Equal([true, false], [new ThreadRanks(2, 0, meeting).Saves, new ThreadRanks(2, 1, meeting).Saves]);
    }

    private static (double[] Weights, double[] Losses)[] Together(int ranks, int batch, int pass, bool[]? mask)
    {
        using var meeting = new Meeting(ranks);
        var results = new (double[], double[])[ranks];
        Thread[] threads = [.. Enumerable.Range(0, ranks)
            .Select(rank => new Thread(() => results[rank] = Train(new ThreadRanks(ranks, rank, meeting), batch, pass, mask)))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return results;
    }

    private static (double[] Weights, double[] Losses) Train(Ranks ranks, int batch, int pass, bool[]? mask)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "width"), DType.Float64);
        var windows = new WindowSet(TokenIds.FromList(Enumerable.Range(0, 400).Select(i => i * 37 % 128), "ids", 128), Sequence,
            mask: mask is null ? null : new(mask));
        using var trainer = new Trainer(
            model, new LogitObjective(new CrossEntropy()), new PackedText(windows, SampleOrder.Sequential(windows.Count)),
            new() { Steps = Steps, Batch = batch, MicroBatch = pass, WarmUp = 0 }, ranks);
        var losses = new List<double>();
        trainer.Every(1, report => losses.Add(report.Loss));
        trainer.Run();
        return ([.. model.Parameters.SelectMany(parameter => GoldenTensors.DoublesOf(parameter.Value))], [.. losses]);
    }

    /// <summary>Where the threads meet: each lays down its values, and all add them up in the same order.</summary>
    private sealed class Meeting(int ranks) : IDisposable
    {
        private readonly Barrier _barrier = new(ranks);
        private readonly double[][] _values = new double[ranks][];

        public void Dispose() => _barrier.Dispose();

        public double[] Sum(int rank, double[] values)
        {
            _values[rank] = values;
            _barrier.SignalAndWait();
            double[] sum = [.. Enumerable.Range(0, values.Length).Select(i => _values.Sum(part => part[i]))];
            _barrier.SignalAndWait();
            return sum;
        }
    }

    private sealed class ThreadRanks(int count, int index, Meeting meeting) : Ranks
    {
        public override int Count => count;

        public override int Index => index;

        public override void Sum(Span<double> values) => meeting.Sum(index, values.ToArray()).CopyTo(values);

        public override void Sum(IReadOnlyList<Tensor> gradients)
        {
            foreach (var gradient in gradients)
                gradient.CopyInPlace(Tensor.From<double>(meeting.Sum(index, gradient.ToArray<double>()), gradient.ElementCount)
                    .View(gradient.Shape.ToArray()));
        }

        public override bool All(bool holds) => meeting.Sum(index, [holds ? 0 : 1])[0] == 0;
    }
}
