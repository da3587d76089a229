using Espalier.Models.Checkpoints;
using Espalier.Models.Families;
using Espalier.Tests;

namespace Espalier.Models.Tests.Decoding;

/// <summary>Random weights that are drawn piece by piece against those of a model in memory.</summary>
public sealed class RandomWeightsTests : TorchTest
{
    [Theory]
    [InlineData("llama-3.1")]
    [InlineData("nemotron")]
    [InlineData("qwen3")]
    public void Any_piece_has_the_bits_of_the_whole(string family)
    {
        using var shape = Checkpoint.Open(Fixtures.Golden("families", family));
        using var model = DecoderWeights.Initialise(shape.Config, shape.Family, seed: 7);
        var (whole, pieces) =
            (DecoderWeights.Source(model, shape.Family), DecoderWeights.RandomSource(shape.Config, shape.Family, seed: 7));
        foreach (var named in shape.Family.Parameters(shape.Config))
        {
            var expected = new float[named.Shape.Aggregate(1L, (product, size) => product * size)];
            whole.Fill(named.Name, 0, expected);
            var actual = new float[expected.Length];
            for (var at = 0; at < actual.Length; at += 50)
                pieces.Fill(named.Name, at, actual.AsSpan(at, Math.Min(50, actual.Length - at)));
            Assert.Equal(expected, actual);
        }
    }
}
