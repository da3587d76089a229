using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Tests;

namespace Espalier.Models.Tests.Generation;

/// <summary>A text that goes on from one call to the next, against the same position by position.</summary>
public sealed class KeptSequenceTests : TorchTest
{
    [Theory]
    [InlineData("llama-3.1", WeightFormat.Float32)]
    [InlineData("gemma2", WeightFormat.Float32)]
    [InlineData("qwen3", WeightFormat.BFloat16)]
    internal void What_is_kept_and_what_is_new_are_the_whole(string family, WeightFormat format)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", family));
        using var packed = PackedWeights.Load(checkpoint, format);
        var random = new Random(3);
        int[] ids = [.. Enumerable.Range(0, 220).Select(_ => random.Next(1, packed.Config.VocabularySize))];
        using var kept = new KeptSequence(packed, 240);
        _ = kept.Begin(ids[..5], default, out var reused);
        Assert.Equal(0, reused);
        // New texts of a piece, of several, and of one with a short one after it; the last leaves the way of the one before.
        foreach (var end in (int[])[69, 198, 199, 220])
        {
            var logits = kept.Begin(ids[..end], default, out reused).ToArray();
            Assert.True(reused > 0);
            Assert.Equal(Alone(packed, ids[..end]), logits);
        }
        int[] other = [.. ids[..100], .. ids[..90]];
        Assert.Equal(Alone(packed, other), kept.Begin(other, default, out reused).ToArray());
        Assert.InRange(reused, 100, 101);
        Assert.Equal(Alone(packed, [.. other, 7]), kept.Next(7).ToArray());
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Assert.Throws<OperationCanceledException>(() => kept.Begin(ids, stop.Token, out _));
        Assert.Equal(Alone(packed, ids), kept.Begin(ids, default, out _).ToArray());
    }

    /// <summary>A state does not go back: a text that leaves the way of the one before is read anew.</summary>
    [Theory]
    [InlineData("nemotron-h")]
    [InlineData("qwen3-5")]
    public void With_recurrent_layers_only_a_text_that_goes_on_is_kept(string family)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", family));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        int[] ids = [.. Enumerable.Range(0, 150).Select(i => 1 + i * i % 101)];
        using var kept = new KeptSequence(packed, 160);
        _ = kept.Begin(ids[..5], default, out _);
        Assert.Equal(Alone(packed, ids[..140]), kept.Begin(ids[..140], default, out var reused).ToArray());
        Assert.Equal(5, reused);
        int[] other = [.. ids[..100], .. ids[..50]];
        // By large products, which add up in another order.
        var expected = Alone(packed, other);
        var found = kept.Begin(other, default, out reused).ToArray();
        Assert.Equal(0, reused);
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, 2e-4));
        Assert.Equal(Alone(packed, [.. ids[..7]]), kept.Begin(ids[..7], default, out reused).ToArray());
        Assert.Equal(0, reused);
    }

    private static float[] Alone(PackedWeights packed, int[] ids)
    {
        using var decoder = new RowDecoder(packed, 1, ids.Length);
        for (var at = 0; at < ids.Length; at++)
            decoder.Next([0], [at], [ids[at]]);
        return decoder.Logits(0).ToArray();
    }
}
