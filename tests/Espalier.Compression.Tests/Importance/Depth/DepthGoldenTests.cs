using Espalier.Compression.Importance.Depth;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Importance.Depth;

/// <summary>Depth scores against float64 transformers: definitions and tolerances in tests/golden/pruning/README.md.</summary>
public sealed class DepthGoldenTests : TorchTest
{
    // The losses are of 31 predictions a sample, the logits of all its 32 positions.
    [Theory]
    [InlineData(DType.Float64, 1e-10)]
    [InlineData(DType.Float32, 1e-5)]
    public void Losses_without_every_span_are_those_of_the_reference(DType dtype, double relative)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "scores.safetensors"));
        var scores = DepthFixture.Score(DepthMetricKind.LmLoss, dtype, sequence: 31, batch: 5);
        GoldenTensors.AssertClose(golden.Doubles("lm_loss.full"), [scores.Whole], 0, relative, "lm_loss.full");
        DepthFixture.AssertSpans(golden, "lm_loss.drop", scores, relative);
    }

    [Theory]
    [InlineData(DType.Float64, 1e-10)]
    [InlineData(DType.Float32, 1e-5)]
    public void Differences_of_the_logits_without_every_span_are_those_of_the_reference(DType dtype, double relative)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "scores.safetensors"));
        var scores = DepthFixture.Score(DepthMetricKind.LogitMse, dtype, sequence: 32, batch: 16);
        Assert.Equal(0, scores.Whole);
        DepthFixture.AssertSpans(golden, "logit_mse.drop", scores, relative);
    }

    [Theory]
    [InlineData(DType.Float64, 1e-9)]
    [InlineData(DType.Float32, 1e-5)]
    public void Block_influence_of_every_span_is_that_of_the_reference(DType dtype, double relative)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "scores.safetensors"));
        DepthFixture.AssertSpans(golden, "block_influence",
            DepthFixture.Score(DepthMetricKind.BlockInfluence, dtype, sequence: 32, batch: 3), relative);
    }

    [Fact]
    public void Angles_are_those_of_the_streams_by_hand()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        var scores = DepthFixture.Score(DepthMetricKind.Angular, DType.Float64, sequence: 32, batch: 4, samples: 2);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var streams = new List<double[]>();
        model.Forward(Tensor.From<long>([.. DepthFixture.Ids(32, 2).Chunk(33).SelectMany(row => row[..32]).Select(id => (long)id)], 2, 32),
            (point, layer, value) =>
        {
            if (point == TapPoint.BlockInput || (point == TapPoint.BlockOutput && layer == 5))
                streams.Add(value.ToArray<double>());
        });
        Assert.Equal(7, streams.Count);
        for (var first = 0; first < 5; first++)
            Assert.Equal(Angle(streams[first], streams[first + 2]), scores.Spans[2][first], 1e-12);

        static double Angle(double[] a, double[] b) => Enumerable.Range(0, a.Length / 48).Average(position =>
        {
            double Dot(double[] x, double[] y) => Enumerable.Range(48 * position, 48).Sum(i => x[i] * y[i]);
            return Math.Acos(Dot(a, b) / Math.Sqrt(Dot(a, a) * Dot(b, b))) / Math.PI;
        });
    }
}
