using Espalier.Compression.Training.Speeds;
using Espalier.Models.Checkpoints;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Training.Speeds;

public sealed class BlockSpeedTests : TorchTest
{
    [Theory]
    [InlineData("llama-3.1-8b")]
    [InlineData("nemotron-4-15b")]
    [InlineData("mistral-nemo-12b")]
    public void A_large_shape_is_halved_until_a_moment_is_enough_and_stays_legal(string name)
    {
        using var shape = Checkpoint.Open(Path.Combine(Fixtures.Root, "recipes", "configs", name), requireWeights: false);
        var block = BlockSpeed.BlockOf(shape.Config);
        Assert.InRange(block.BlockParameters, 1_000_000, 8_000_000);
        Assert.Equal((1, shape.Config.HeadDim, shape.Config.GroupSize), (block.Layers, block.HeadDim, block.GroupSize));
        block.Validate("the block");
    }

    [Theory]
    [InlineData("llama-3.1")]
    [InlineData("nemotron")]
    [InlineData("qwen3")]
    public void Every_family_runs_and_trains_and_leaves_nothing_in_memory(string family)
    {
        using var shape = Checkpoint.Open(Fixtures.Golden("families", family), requireWeights: false);
        Assert.Equal(shape.Config.BlockParameters, BlockSpeed.BlockOf(shape.Config).BlockParameters);
        var (forward, training) = BlockSpeed.Measure(shape.Config, 16);
        Assert.True(forward[0] > 0 && double.IsFinite(forward[0]), $"{forward[0]}");
        Assert.True(training[0] > 0 && double.IsFinite(training[0]), $"{training[0]}");
    }
}
