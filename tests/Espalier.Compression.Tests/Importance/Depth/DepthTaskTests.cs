using Espalier.Compression.Importance.Depth;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Importance.Depth;

public sealed class DepthTaskTests : TorchTest
{
    // Rows of several lengths, of which one, two and four ids are scored.
    private static readonly ScoredRow[] s_rows =
        [new([3, 5, 7, 11, 13], 2), new([3, 5], 1), new([17, 19, 23, 29, 31, 37, 41], 4), new([3, 5, 7], 1), new([2, 4, 6], 2)];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(100)]
    public void Log_likelihoods_are_those_of_forward_passes_of_each_row_alone(int batch)
    {
        using var model = DepthFixture.Teacher(DType.Float64);
        var judged = new List<double[]>();
        var task = new DepthTask(s_rows, logLikelihoods =>
        {
            judged.Add([.. logLikelihoods]);
            return new(-logLikelihoods.Sum(), logLikelihoods.Count(value => value > -4) / (double)logLikelihoods.Count);
        });
        var scores = DepthScorer.Run(model, null, task, new() { Metrics = [DepthMetricKind.Task], Batch = batch }, NullProgress.Instance)
            .Metrics[DepthMetricKind.Task];
        using var noGrad = GradMode.Disable();
        double[] expected = [.. s_rows.Select(row =>
        {
            using var scope = TensorScope.Begin();
            long[] ids = [.. row.Ids.Select(id => (long)id)];
            var logs = model.Logits(model.Forward(Tensor.From<long>(ids, 1, ids.Length))).LogSoftmax(-1).ToArray<double>();
            return Enumerable.Range(ids.Length - row.Scored, row.Scored)
                .Sum(t => logs[(t - 1) * model.Config.VocabularySize + ids[t]]);
        })];
        Assert.Contains(judged, found => found.Zip(expected).All(pair => Math.Abs(pair.First - pair.Second) < 1e-10));
        Assert.Equal(-expected.Sum(), scores.Whole, 1e-9);
        Assert.Equal(expected.Count(value => value > -4) / 5.0, scores.WholeAccuracy);
        Assert.Equal(model.Config.Layers, scores.Singles.Length);
        Assert.All(scores.Singles, value => Assert.NotEqual(scores.Whole, value));
    }

    [Fact]
    public void Rows_of_a_batch_are_filled_up_after_what_is_looked_at()
    {
        var batches = new DepthTask(s_rows, _ => default).Batches(3).ToArray();
        Assert.Equal([(3, 6, 0), (2, 2, 3)], batches.Select(batch => (batch.Rows, batch.Length, batch.FirstRow)));
        // Of row 0 the ids at 3 and 4 are scored, by positions 2 and 3; row 1 begins at 6, row 2 at 12.
        Assert.Equal([2, 3, 6, 14, 15, 16, 17], batches[0].Positions!);
        Assert.Equal([11, 13, 5, 29, 31, 37, 41], batches[0].Targets);
        Assert.Equal([3, 5, 7, 11, 0, 0, 3, 0, 0, 0, 0, 0, 17, 19, 23, 29, 31, 37], batches[0].Ids);
    }
}
