using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Importance.Depth.Metrics;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Importance.Depth;

public sealed class DepthScanTests : TorchTest
{
    private static readonly int[] s_all = [0, 1, 2, 3, 4, 5];
    private static readonly DepthSpan[] s_spans = [.. new[] { 1, 2, 4 }.SelectMany(width => DepthSpan.All(6, width)), DepthSpan.None(6)];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(100)]
    [InlineData(0)]
    public void The_wavefront_gives_what_a_forward_pass_of_every_variant_gives(int stack)
    {
        using var model = DepthFixture.Teacher(DType.Float64);
        var (naive, scan) = (Metrics(), Metrics());
        var data = new WindowData(DepthFixture.Windows(31), 7, 3);
        new NaiveDepthScan(model).Run(data, s_all, s_spans, naive);
        new DepthScan(model) { Stack = stack }.Run(data, s_all, s_spans, scan, "depth", NullProgress.Instance, default);
        for (var i = 0; i < naive.Length; i++)
            GoldenTensors.AssertClose(naive[i].Values(), scan[i].Values(), 1e-15, 1e-12, $"{naive[i].Kind}");
        Assert.True(scan[0].Values().Distinct().Count() > 10);
    }

    [Fact]
    public void Distances_are_those_of_float64_where_one_channel_is_large_and_tokens_may_be_zeros()
    {
        using var scope = TensorScope.Begin();
        const int T = 8, D = 512;
        var random = new Random(1);
        float[] before = [.. Enumerable.Range(0, T * D).Select(i => (random.NextSingle() - 0.5f) * (i % D == 7 ? 1000 : 1))];
        float[] after = [.. before.Select(value => value + 0.02f * (random.NextSingle() - 0.5f))];
        before.AsSpan(0, D).Clear();
        after.AsSpan(0, D).Clear();
        double[] cosines = [1, .. Enumerable.Range(1, T - 1)
            .Select(t => Dot(before, after, t) / Math.Sqrt(Dot(before, before, t) * Dot(after, after, t)))];
        Tensor[] streams = [Tensor.From<float>(before, 1, T, D), Tensor.From<float>(after, 1, T, D)];
        DepthMetric[] metrics = [new BlockInfluenceMetric(), new AngularMetric()];
        foreach (var (metric, distance) in metrics.Zip([cosines.Average(c => 1 - c), cosines.Average(Math.Acos) / Math.PI]))
        {
            metric.Begin(1);
            metric.Streams(streams, [new(0, 1)]);
            Assert.Equal(1, metric.Values()[0] / distance, 1e-5);
        }

        static double Dot(float[] a, float[] b, int t) => Enumerable.Range(t * D, D).Sum(i => (double)a[i] * b[i]);
    }

    [Fact]
    public void Where_the_whole_model_is_not_asked_for_the_values_stay()
    {
        using var model = DepthFixture.Teacher(DType.Float64);
        DepthMetric[] naive = [new LmLossMetric()], scan = [new LmLossMetric()];
        DepthSpan[] spans = [new(1, 1), new(3, 2)];
        var data = new WindowData(DepthFixture.Windows(31), 4, 4);
        new NaiveDepthScan(model).Run(data, s_all, spans, naive);
        new DepthScan(model).Run(data, s_all, spans, scan, "depth", NullProgress.Instance, default);
        GoldenTensors.AssertClose(naive[0].Values(), scan[0].Values(), 0, 1e-12, "lm-loss");
    }

    [Fact]
    public void A_model_that_has_lost_layers_is_still_compared_with_the_whole_one()
    {
        using var model = DepthFixture.Teacher(DType.Float64);
        int[] left = [0, 2, 3, 5];
        DepthSpan[] spans = [.. DepthSpan.All(4, 1), DepthSpan.None(4)];
        var (naive, scan) = (Metrics(), Metrics());
        var data = new WindowData(DepthFixture.Windows(31), 6, 4);
        new NaiveDepthScan(model).Run(data, left, spans, naive);
        new DepthScan(model) { Stack = 3 }.Run(data, left, spans, scan, "depth", NullProgress.Instance, default);
        for (var i = 0; i < naive.Length; i++)
            GoldenTensors.AssertClose(naive[i].Values(), scan[i].Values(), 1e-15, 1e-12, $"{naive[i].Kind}");
        Assert.True(scan[1].Values()[^1] > 0);
    }

    [Theory]
    [InlineData(DepthMetricKind.LmLoss)]
    [InlineData(DepthMetricKind.LogitMse)]
    internal void A_greedy_sequence_is_the_one_that_trying_everything_in_each_round_gives(DepthMetricKind kind)
    {
        var scores = DepthFixture.Score(kind, DType.Float64, sequence: 31, batch: 8, samples: 8, greedy: 4);
        using var model = DepthFixture.Teacher(DType.Float64);
        var left = new List<int>(s_all);
        for (var round = 0; round < 4; round++)
        {
            // Each remaining layer taken out by a list of its own, without any span.
            var values = left.Select(layer => Without(model, kind, [.. left.Where(other => other != layer)])).ToArray();
            var least = Array.IndexOf(values, values.Min());
            Assert.Equal(left[least], scores.Removed[round]);
            Assert.Equal(values[least], scores.RemovedValues[round], 1e-12 * values[least]);
            left.RemoveAt(least);
        }
    }

    [Fact]
    public void All_metrics_together_give_what_each_gives_alone()
    {
        using var model = DepthFixture.Teacher(DType.Float64);
        DepthMetricKind[] kinds = [DepthMetricKind.LogitMse, DepthMetricKind.LmLoss, DepthMetricKind.BlockInfluence,
            DepthMetricKind.Angular];
        var together =
            DepthScorer.Run(model, DepthFixture.Windows(31), null, new() { Metrics = kinds, Samples = 8, Widths = [3], Greedy = 3 },
                NullProgress.Instance);
        foreach (var kind in kinds)
        {
            var alone = DepthFixture.Score(kind, DType.Float64, sequence: 31, batch: 8, samples: 8, greedy: 3);
            GoldenTensors.AssertClose(alone.Singles, together.Metrics[kind].Singles, 1e-15, 1e-12, $"{kind}");
            GoldenTensors.AssertClose(alone.Spans[3], together.Metrics[kind].Spans[3], 1e-15, 1e-12, $"{kind}");
            Assert.Equal(alone.Removed, together.Metrics[kind].Removed);
        }
    }

    [Theory]
    [InlineData(6, 0, "6 layers cannot be dropped from a model with 6: drop 1 to 5")]
    [InlineData(1, 7, "7 layers cannot be dropped from a model with 6: drop 1 to 5")]
    [InlineData(0, 0, "0 layers cannot be dropped")]
    public void Dropping_what_is_not_there_is_refused(int width, int greedy, string message)
    {
        using var model = DepthFixture.Teacher(DType.Float32);
        var error = Assert.Throws<EspalierException>(() => DepthScorer.Run(
            model, DepthFixture.Windows(31), null,
            new() { Metrics = [DepthMetricKind.LmLoss], Samples = 4, Widths = [width], Greedy = greedy }, NullProgress.Instance));
        Assert.Contains(message, error.Message);
    }

    [Fact]
    public void A_model_whose_own_value_is_not_finite_is_an_error()
    {
        using var model = DepthFixture.Teacher(DType.Float32);
        // Block 4 overflows whatever it is given: every variant that has it does.
        foreach (var (parameter, value) in model.Parameters)
            if (parameter.Layer == 4 && parameter.Role == ParameterRole.DownProjection)
                value.FillInPlace(1e38);
        var error = Assert.Throws<NotFiniteException>(() => DepthScorer.Run(
            model, DepthFixture.Windows(31), null, new() { Metrics = [DepthMetricKind.LmLoss], Samples = 4 }, NullProgress.Instance));
        Assert.Contains("lm-loss of the whole model is", error.Message);
        Assert.Equal(1, error.ExitCode);
    }

    [Fact]
    public void A_layer_without_which_the_value_is_not_finite_is_the_last_to_go()
    {
        using var model = DepthFixture.Teacher(DType.Float32);
        var options = new DepthOptions { Metrics = [DepthMetricKind.LogitMse], Samples = 4, Greedy = 2 };
        DepthMetricScores Scores(IProgressReporter progress) =>
            DepthScorer.Run(model, DepthFixture.Windows(31), null, options, progress).Metrics[DepthMetricKind.LogitMse];
        var before = Scores(NullProgress.Instance).Singles;
        // Logits grow until the mean row's squares without the layer that matters most sum to more than float32 has.
        var scale = Math.Sqrt(1.5 * float.MaxValue / (before.Max() * model.Config.VocabularySize));
        foreach (var (parameter, value) in model.Parameters)
            if (parameter.Role == ParameterRole.FinalNorm)
                value.MulInPlace(scale);
        var said = new Warned();
        var scores = Scores(said);
        var (most, least) = (Array.IndexOf(before, before.Max()), Array.IndexOf(before, before.Min()));
        Assert.Equal((double.PositiveInfinity, least), (scores.Singles[most], scores.Removed[0]));
        Assert.Equal(before.Min() * scale * scale, scores.Singles[least], before.Min() * scale * scale * 1e-4);
        Assert.Contains(said.Lines, line => line.StartsWith($"depth: logit-mse without layer {most} is", StringComparison.Ordinal));
        Assert.DoesNotContain(most, scores.Drop(DepthChoice.Scattered, 1));
    }

    [Fact]
    public void A_scan_stops_when_it_is_told_to()
    {
        using var model = DepthFixture.Teacher(DType.Float32);
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => DepthScorer.Run(
            model, DepthFixture.Windows(31), null, new() { Metrics = [DepthMetricKind.LmLoss], Samples = 4 }, NullProgress.Instance,
            stop.Token));
    }

    private static double Without(Decoder model, DepthMetricKind kind, int[] layers)
    {
        var metrics = Metrics();
        new NaiveDepthScan(model).Run(new WindowData(DepthFixture.Windows(31), 8, 8), layers, [new(0, 0)], metrics);
        return metrics.Single(metric => metric.Kind == kind).Values()[0];
    }

    private static DepthMetric[] Metrics() => [new LmLossMetric(), new LogitMseMetric()];
}
