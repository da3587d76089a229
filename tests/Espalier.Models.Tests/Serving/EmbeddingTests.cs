using Espalier.Models.Checkpoints;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Serving;
using Espalier.Tests;

namespace Espalier.Models.Tests.Serving;

/// <summary>Means of hidden states against those of transformers, in closed form over its hidden states of each family.</summary>
public sealed class EmbeddingTests : TorchTest
{
    public static TheoryData<string> Families =>
        [.. Directory.GetDirectories(Fixtures.Golden("families")).Select(static folder => Path.GetFileName(folder)!).Order()];

    [Theory]
    [MemberData(nameof(Families))]
    public void A_mean_is_that_of_the_reference(string family)
    {
        var folder = Fixtures.Golden("families", family);
        using var golden = new GoldenTensors(Path.Combine(folder, "golden.safetensors"));
        var (hidden, ids) = (golden.Doubles("hidden.final_norm"), golden.Longs("input_ids"));
        var (B, T, D) = (golden.Shape("hidden.final_norm")[0], golden.Shape("hidden.final_norm")[1], golden.Shape("hidden.final_norm")[2]);
        using var checkpoint = Checkpoint.Open(folder);
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        // Pieces of 7: a mean over several passes, beside a sequence that goes on.
        using var engine = new ServingEngine(packed, new() { Batch = 3, Context = 64, PromptRows = 7 });
        var other = new Collected();
        Assert.True(engine.TrySubmit(new() { Prompt = [1, 2, 3], MaxTokens = 40 }, other));
        for (var b = 0; b < B; b++)
        {
            var embedded = new Collected();
            int[] prompt = [.. ids.Skip((int)(b * T)).Take((int)T).Select(static id => (int)id)];
            Assert.True(engine.TrySubmit(new() { Prompt = prompt, MaxTokens = 0, Embeds = true }, embedded));
            Assert.Equal(ServedEnd.Complete, embedded.End);
            Assert.Empty(embedded.Tokens);
            double[] expected = [.. Enumerable.Range(0, (int)D)
                .Select(d => Enumerable.Range(0, (int)T).Average(t => hidden[(b * T + t) * D + d]))];
            GoldenTensors.AssertClose(expected, [.. embedded.Mean!.Select(static x => (double)x)], 1e-5, 1e-5, $"mean {b}");
        }
        Assert.Equal(ServedEnd.Length, other.End);
    }

    /// <summary>Blocks that others filled are not taken over, and a context may be full to its last position.</summary>
    [Fact]
    public void A_mean_does_not_depend_on_what_was_there()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "llama-3.1"));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        using var engine = new ServingEngine(packed,
            new() { Batch = 2, Context = 48, KeyValueBytes = 3 * ServingEngine.BytesOfBlock(packed.Config) });
        int[] prompt = [.. Enumerable.Range(1, 48)];
        var first = Mean(engine, prompt);
        var text = new Collected();
        Assert.True(engine.TrySubmit(new() { Prompt = prompt[..40], MaxTokens = 4 }, text));
        Assert.Equal(ServedEnd.Length, text.End);
        Assert.Equal(32, text.Reused);
        Assert.Equal(first, Mean(engine, prompt));
        Assert.NotEqual(first, Mean(engine, prompt[..47]));
        Assert.Contains("shorten it", Assert.Throws<EspalierException>(() =>
            engine.TrySubmit(new() { Prompt = [.. prompt, 1], MaxTokens = 0, Embeds = true }, new Collected())).Message);
    }

    private static float[] Mean(ServingEngine engine, int[] prompt)
    {
        var embedded = new Collected();
        Assert.True(engine.TrySubmit(new() { Prompt = prompt, MaxTokens = 0, Embeds = true }, embedded));
        Assert.Equal(ServedEnd.Complete, embedded.End);
        return embedded.Mean!;
    }
}
