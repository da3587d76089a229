using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Residuals;
using Espalier.Compression.Importance.Values;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Importance;

/// <summary>Scores against float64 transformers: definitions and tolerances in tests/golden/pruning/README.md.</summary>
public sealed class ImportanceGoldenTests : TorchTest
{
    public static TheoryData<Aggregation, Aggregation, DType> Cases()
    {
        var cases = new TheoryData<Aggregation, Aggregation, DType>();
        foreach (var batch in Enum.GetValues<Aggregation>())
            foreach (var sequence in Enum.GetValues<Aggregation>())
                foreach (var dtype in new[] { DType.Float64, DType.Float32 })
                    cases.Add(batch, sequence, dtype);
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Scores_of_every_axis_are_those_of_the_reference(Aggregation batch, Aggregation sequence, DType dtype)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "scores.safetensors"));
        var scores = Score(new(batch, sequence), dtype, 16);
        var name = $"{Short(batch)}.{Short(sequence)}";
        var relative = dtype == DType.Float64 ? 1e-9 : batch == Aggregation.Variance || sequence == Aggregation.Variance ? 1e-4 : 1e-5;
        void Check(string what, IEnumerable<double> actual) =>
            GoldenTensors.AssertClose(golden.Doubles(what), [.. actual], 1e-15, relative, what);
        Check($"neuron.{name}", scores.Units[Axis.Ffn]!.SelectMany(layer => layer));
        Check($"head.{name}", scores.Units[Axis.Heads]!.SelectMany(layer => layer));
        Check($"channel_per_norm.{name}", scores.ChannelsPerNorm.SelectMany(norm => norm));
        Check($"channel.{name}", scores.Units[Axis.Hidden]![0]);
    }

    [Theory]
    [InlineData(DType.Float64)]
    [InlineData(DType.Float32)]
    public void All_nine_aggregators_come_out_of_one_pass_and_each_is_what_a_pass_of_its_own_gives(DType dtype)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), dtype);
        var passes = new PassCounter();
        var all = ImportanceScorer.Run(model, Calibration(), Options(Aggregator.Default, 16), Aggregator.All, passes);
        Assert.Equal((9, 1), (all.Count, passes.Count));
        foreach (var (aggregator, scores) in Aggregator.All.Zip(all))
        {
            var alone = Score(aggregator, dtype, 16);
            Assert.Equal((aggregator.ToString(), aggregator.ToString()),
                ($"({scores.Batch}, {scores.Sequence})", $"({alone.Batch}, {alone.Sequence})"));
            Assert.Equal(alone.Units[Axis.Ffn]!, scores.Units[Axis.Ffn]!);
            Assert.Equal(alone.Units[Axis.Heads]!, scores.Units[Axis.Heads]!);
            Assert.Equal(alone.ChannelsPerNorm, scores.ChannelsPerNorm);
            Assert.Equal(alone.Units[Axis.Hidden]![0], scores.Units[Axis.Hidden]![0]);
            Assert.Equal(alone.BlockInfluence[2], scores.BlockInfluence[2]);
        }
        Assert.Equal(9, Aggregator.All.Select(aggregator => aggregator.FileName).Distinct().Count());
    }

    [Theory]
    [InlineData(ParameterRole.GateProjection, 3, "layer 3, the input of the down projection is not finite in calibration sample 0")]
    [InlineData(ParameterRole.ValueProjection, 1, "layer 1, the output of attention is not finite in calibration sample 0")]
    [InlineData(ParameterRole.PostAttentionNorm, 2,
        "layer 2, the norm before the feed-forward block is not finite in calibration sample 0, unit 0")]
    [InlineData(ParameterRole.FinalNorm, -1, "the final norm is not finite")]
    public void A_value_that_is_not_finite_stops_the_scoring_in_its_batch_and_names_layer_and_place(ParameterRole role, int layer,
        string expected)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
        var weight = model.Parameters.Single(named => named.Parameter == new Parameter(role, layer)).Value;
        var values = weight.ToArray<float>();
        values[0] = float.NaN;
        weight.CopyFrom<float>(values);
        var passes = new PassCounter();
        var error =
            Assert.Throws<EspalierException>(() => ImportanceScorer.Run(model, Calibration(), Options(Aggregator.Default, 4), passes));
        Assert.Contains(expected, error.Message);
        Assert.Equal((1, 0L), (error.ExitCode, passes.Samples));
    }

    [Fact]
    public void An_overflow_that_the_norms_hide_is_an_error()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
        model.Parameters.Single(named => named.Parameter.Role == ParameterRole.Embedding).Value.MulInPlace(1e25);
        Assert.Contains("the final norm gives nothing but zeros", Assert.Throws<NotFiniteException>(
            () => ImportanceScorer.Run(model, Calibration(), Options(Aggregator.Default, 4), NullProgress.Instance)).Message);
    }

    [Theory]
    [InlineData(DType.Float64, 1e-9)]
    [InlineData(DType.Float32, 1e-5)]
    public void Block_influence_of_every_span_is_that_of_the_reference(DType dtype, double relative)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "scores.safetensors"));
        var scores = Score(Aggregator.Default, dtype, 16);
        foreach (var (width, influence) in scores.BlockInfluence)
            GoldenTensors.AssertClose(golden.Doubles($"block_influence.{width}"), influence, 1e-9, relative, $"block_influence.{width}");
    }

    [Fact]
    public void Batching_does_not_show_in_the_scores()
    {
        var (whole, parts) = (Score(Aggregator.Default, DType.Float64, 16), Score(Aggregator.Default, DType.Float64, 3));
        GoldenTensors.AssertClose(whole.Units[Axis.Hidden]![0], parts.Units[Axis.Hidden]![0], 0, 1e-12, "channels");
        GoldenTensors.AssertClose(whole.Units[Axis.Ffn]![2], parts.Units[Axis.Ffn]![2], 0, 1e-12, "neurons");
    }

    internal static ImportanceScores Score(Aggregator aggregator, DType dtype, int batch)
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), dtype);
        return ImportanceScorer.Run(model, Calibration(), Options(aggregator, batch), NullProgress.Instance);
    }

    private static ScoreOptions Options(Aggregator aggregator, int batch) =>
        new() { Samples = 16, Batch = batch, Aggregator = aggregator, SpanWidths = [1, 2, 3] };

    private static WindowSet Calibration()
    {
        using var calibration = new GoldenTensors(Fixtures.Golden("pruning", "calibration.safetensors"));
        // One id more at the end, so that windows of 32 inputs are the 16 sequences themselves.
        var ids = calibration.Longs("input_ids").Append(0).Select(id => (int)id);
        return new(TokenIds.FromList(ids, "calibration", 128), 32, WindowStride.Contiguous);
    }

    private static string Short(Aggregation aggregation) => aggregation switch
    {
        Aggregation.L2 => "l2",
        Aggregation.Mean => "mean",
        _ => "var",
    };

    /// <summary>Counts passes over the calibration text and their samples.</summary>
    private sealed class PassCounter : IProgressReporter, IProgressTask
    {
        public int Count { get; private set; }

        public long Samples { get; private set; }

        public IProgressTask Begin(string title, long total, string unit)
        {
            Count++;
            return this;
        }

        public void Advance(long done, string? detail = null) => Samples += done;

        public void Report(long done, string? detail = null) => Samples = done;

        public void Note(string line)
        {
        }

        public void Warn(string line)
        {
        }

        public void Dispose()
        {
        }
    }
}
