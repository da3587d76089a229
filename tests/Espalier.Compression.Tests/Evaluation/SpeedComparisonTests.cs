using Espalier.Compression.Evaluation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Prompts;
using Espalier.Models.Generation.Rows;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Evaluation;

public sealed class SpeedComparisonTests : TorchTest
{
    private static readonly string s_teacher = Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    // The binomial distribution of n fair coins: of 9, fewer than 2 on one side in 10 of 512 cases; of 20, fewer than 6 in 0.0207.
    [Theory]
    [InlineData(6, 1, 6)]
    [InlineData(9, 2, 8)]
    [InlineData(20, 6, 15)]
    public void The_interval_of_a_gain_lies_between_the_ratios_that_order_statistics_say(int rounds, int lower, int upper)
    {
        // The ratios of the rounds are 1, 2, 3 ..., in no order.
        var setting = new SpeedSetting(SpeedPhase.Decode, 8, 1);
        SpeedSeries fast = new(setting, 1, [.. Enumerable.Repeat(0.5, rounds)], 4),
            slow = new(setting, 0, [.. Enumerable.Range(1, rounds).Select(i => 0.5 * i).OrderBy(value => value % 1.3)], 4);
        Assert.Equal(((rounds + 1) / 2.0, lower, upper), fast.Over(slow));
    }

    [Fact]
    public void A_disturbed_round_does_not_move_a_gain()
    {
        var setting = new SpeedSetting(SpeedPhase.Prefill, 8, 1);
        SpeedSeries one = new(setting, 0, [2, 2, 2, 2, 2, 2, 2, 2, 200], 8), other = new(setting, 1, [1, 1, 1, 1, 1, 1, 1, 1, 1], 8);
        Assert.Equal((2, 2, 2), other.Over(one));
        Assert.Equal((8, 4), (other.Speed.Median, one.Speed.Median));
    }

    // Two for each weight in a product, and of attention 4 · N · H a layer and key: counted here by hand for the bundled teacher's shape.
    [Fact]
    public void Operations_are_those_of_the_passes_that_are_timed()
    {
        using var model = GoldenTensors.Load(s_teacher, DType.Float32);
        var config = model.Config;
        var kv = 2L * config.KeyValueHeads * config.HeadDim;
        var layer = config.HiddenSize * (2L * config.QueryHeads * config.HeadDim + kv + 3L * config.IntermediateSize);
        var head = 2.0 * config.VocabularySize * config.HiddenSize;
        double Attention(double keys) => 4.0 * config.QueryHeads * config.HeadDim * config.Layers * keys;

        // Position t of a prompt sees t keys. Where vectors are wide the last layer has keys and values of all, and all else of the last.
        var (all, one) = (config.Layers - 1.0, 1.0 / config.Layers);
        Assert.Equal(
            PromptDecoder.Takes(config)
                ? 2 * (64 * (all * layer + config.HiddenSize * kv) + layer - config.HiddenSize * kv)
                    + Attention(64 * 65 / 2.0) * all * one + Attention(64) * one + head
                : 64 * 2.0 * config.Layers * layer + Attention(64 * 65 / 2.0) + head,
            SpeedComparison.Operations(config, new(SpeedPhase.Prefill, 64, 1), 32), 1);
        // 32 tokens after 64, of 8 sequences: the mean one sees 80 keys and a half.
        Assert.Equal(8 * 32 * (2.0 * config.Layers * layer + head + Attention(80.5)),
            SpeedComparison.Operations(config, new(SpeedPhase.Decode, 64, 8), 32), 1);
    }

    [Fact]
    public void Every_model_is_timed_in_every_round()
    {
        using var model = GoldenTensors.Load(s_teacher, DType.Float32);
        using PackedWeights exact = PackedWeights.Of(model), rounded = PackedWeights.Of(model, WeightFormat.Int8);
        SpeedSetting[] settings = [new(SpeedPhase.Prefill, 12, 1), new(SpeedPhase.Decode, 12, 3)];
        var series = SpeedComparison.Run([exact, rounded], settings, tokens: 2, rounds: 6, NullProgress.Instance, default);
        Assert.Equal([(settings[0], 0, 12L), (settings[0], 1, 12L), (settings[1], 0, 6L), (settings[1], 1, 6L)],
            series.Select(one => (one.Setting, one.Model, one.Tokens)));
        Assert.All(series, one =>
        {
            Assert.Equal(6, one.Seconds.Count);
            Assert.All(one.Seconds, seconds => Assert.True(seconds > 0));
        });
    }
}
