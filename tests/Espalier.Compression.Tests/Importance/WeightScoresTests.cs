using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Residuals;
using Espalier.Models.Checkpoints;
using Espalier.Models.Families;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Importance;

/// <summary>Taylor and magnitude against float64 transformers: definitions and tolerances in tests/golden/pruning/README.md.</summary>
public sealed class WeightScoresTests : TorchTest
{
    [Theory]
    [InlineData(DType.Float64, 16, 1e-9)]
    [InlineData(DType.Float64, 5, 1e-9)]
    [InlineData(DType.Float32, 16, 1e-4)]
    public void Taylor_scores_are_those_of_the_reference(DType dtype, int batch, double relative)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "scores.safetensors"));
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), dtype);
        var scores = Taylor(model, batch, NullProgress.Instance);
        Assert.Equal((ScoreMethod.Taylor, 16, 31), (scores.Method, scores.Samples, scores.SampleLength));
        void Check(string what, IEnumerable<double> actual) =>
            GoldenTensors.AssertClose(golden.Doubles(what), [.. actual], 0, relative, what);
        Check("taylor.neuron", scores.Units[Axis.Ffn]!.SelectMany(layer => layer));
        Check("taylor.head", scores.Units[Axis.Heads]!.SelectMany(layer => layer));
        Check("taylor.channel", scores.Units[Axis.Hidden]![0]);
        Assert.All(model.Parameters,
            named => Assert.True(named.Value.Grad() is null && !named.Value.RequiresGrad, $"{named.Parameter} keeps a gradient"));
    }

    [Fact]
    public void A_layer_has_the_total_of_its_weights_and_a_span_that_of_its_layers()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        var scores = Taylor(model, 16, NullProgress.Instance);
        var single = scores.BlockInfluence[1];
        Assert.Equal(6, single.Length);
        GoldenTensors.AssertClose([.. Enumerable.Range(0, 4).Select(i => single[i] + single[i + 1] + single[i + 2])],
            scores.BlockInfluence[3], 0, 1e-12, "spans of 3");
        // Neurons are part of their layer, and gate, up and down are not all of it.
        Assert.All(Enumerable.Range(0, 6), layer => Assert.InRange(scores.Units[Axis.Ffn]![layer].Sum(), 1e-6, single[layer]));
    }

    [Fact]
    public void A_scoring_that_is_stopped_leaves_no_gradients()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float64);
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() => Taylor(model, 4, new StopAfterFirst(stop), stop.Token));
        Assert.All(model.Parameters,
            named => Assert.True(named.Value.Grad() is null && !named.Value.RequiresGrad, $"{named.Parameter} keeps a gradient"));
    }

    [Fact]
    public void Magnitudes_are_those_of_the_reference()
    {
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "scores.safetensors"));
        using var teacher = Checkpoint.Open(Fixtures.Golden("pruning", "teacher"));
        var scores = MagnitudeScorer.Run(teacher, [], NullProgress.Instance);
        GoldenTensors.AssertClose(golden.Doubles("magnitude.neuron"), [.. scores.Units[Axis.Ffn]!.SelectMany(layer => layer)], 0, 1e-9,
            "magnitude.neuron");
    }

    [Theory]
    [InlineData("pruning", "teacher")]
    [InlineData("families", "nemotron")]
    [InlineData("families", "qwen2")]
    [InlineData("families", "llama-3.2-tied")]
    public void Magnitudes_of_heads_channels_and_layers_are_the_norms_of_the_weights_that_a_cut_takes(params string[] place)
    {
        using var teacher = Checkpoint.Open(Fixtures.Golden(place));
        var config = teacher.Config;
        var scores = MagnitudeScorer.Run(teacher, [2], NullProgress.Instance);
        var (last, width) = (config.Layers - 1, config.HeadDim);
        double Squares(Func<ParameterRole, int, long, long, bool> counts)
        {
            var sum = 0.0;
            foreach (var named in teacher.Family.Parameters(config))
            {
                var columns = named.Shape.Length == 2 ? named.Shape[1] : 1;
                var values = teacher.ReadFloat32(named.Name);
                for (var i = 0L; i < values.Length; i++)
                    if (counts(named.Parameter.Role, named.Parameter.Layer, i / columns, i % columns))
                        sum += (double)values[i] * values[i];
            }
            return Math.Sqrt(sum);
        }

        var head = Squares((role, layer, row, column) => layer == last && role switch
        {
            ParameterRole.QueryProjection or ParameterRole.QueryProjectionBias => row / width == 1,
            ParameterRole.OutputProjection => column / width == 1,
            _ => false,
        });
        var channel = Squares((role, _, row, column) => role switch
        {
            ParameterRole.OutputProjection or ParameterRole.DownProjection or ParameterRole.OutputProjectionBias
                or ParameterRole.DownProjectionBias => row == 3,
            ParameterRole.Embedding or ParameterRole.Head or ParameterRole.QueryProjection or ParameterRole.KeyProjection
                or ParameterRole.ValueProjection
                or ParameterRole.GateProjection or ParameterRole.UpProjection => column == 3,
            ParameterRole.InputNorm or ParameterRole.PostAttentionNorm or ParameterRole.FinalNorm
                or ParameterRole.InputNormBias or ParameterRole.PostAttentionNormBias or ParameterRole.FinalNormBias => row == 3,
            _ => false,
        });
        var span = Squares((_, layer, _, _) => layer is 0 or 1);
        Assert.Equal(head, scores.Units[Axis.Heads]![last][1], 1e-9 * head);
        Assert.Equal(channel, scores.Units[Axis.Hidden]![0][3], 1e-9 * channel);
        Assert.Equal(span, scores.BlockInfluence[2][0], 1e-9 * span);
    }

    /// <summary>The 16 sequences of the reference, whose 31 first ids each are inputs and whose 31 last are targets.</summary>
    private static ImportanceScores Taylor(Decoder model, int batch, IProgressReporter progress, CancellationToken stop = default)
    {
        using var calibration = new GoldenTensors(Fixtures.Golden("pruning", "calibration.safetensors"));
        var windows = new WindowSet(TokenIds.FromList(calibration.Longs("input_ids").Select(id => (int)id), "calibration", 128), 31);
        return ImportanceScorer.Run(model, windows, new() { Method = ScoreMethod.Taylor, Samples = 16, Batch = batch, SpanWidths = [3] },
            progress, stop);
    }

    private sealed class StopAfterFirst(CancellationTokenSource stop) : IProgressReporter, IProgressTask
    {
        public IProgressTask Begin(string title, long total, string unit) => this;

        public void Note(string line)
        {
        }

        public void Warn(string line)
        {
        }

        public void Advance(long done, string? detail = null) => stop.Cancel();

        public void Report(long done, string? detail = null)
        {
        }

        public void Dispose()
        {
        }
    }
}
