using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Serving;
using Espalier.Models.Tests.Serving;
using Espalier.Tests;

namespace Espalier.Models.Tests.Decoding;

/// <summary>
/// Texts that grow beyond the length after which LongRoPE turns all their positions by other factors, against a pass over the whole text,
/// which the golden values hold to transformers; transformers computes everything again there, too. The model's length is 32.
/// </summary>
public sealed class GrowingTextTests : TorchTest
{
    private const string Family = "families/phi4-longrope";

    [Fact]
    public void What_is_written_across_the_length_is_what_a_pass_over_the_whole_text_gives()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden(Family));
        using var model = DecoderWeights.Load(checkpoint);
        using var exact = DecoderWeights.Load(checkpoint, DType.Float64);
        using var packed = PackedWeights.Of(model);
        // Ends before the length, on it, crosses it at once and later; short and long prompts beside each other.
        int[][] prompts = [Ids(1, 5), Ids(2, 20), Ids(3, 27), Ids(4, 31), Ids(5, 32), Ids(6, 33), Ids(7, 40)];
        var expected = prompts.Select(prompt => Greedy(exact, prompt, 12)).ToArray();
        Assert.NotEqual(expected, prompts.Select(prompt => Greedy(exact, prompt, 12, turnsAnew: false)).ToArray());

        Assert.Equal(expected, prompts.Select(prompt => Generator.Continue(packed, prompt, 12, new()).ToArray()));
        Assert.Equal(expected, prompts.Select(prompt => Generator.Continue(exact, prompt, 12, new()).ToArray()));
        foreach (var atOnce in (int[])[1, 3, 16])
            Assert.Equal(expected, GeneratorBatch.Continue(packed, prompts, 12, _ => new(), atOnce: atOnce));

        using var engine = new ServingEngine(packed, new() { Batch = 3, Context = 96, PromptRows = 5, Queue = 100 });
        // Twice: beginnings are shared, of short texts with short ones alone.
        int[][] twice = [.. prompts, .. prompts.Select(prompt => prompt[..(prompt.Length - 1)]), .. prompts];
        var received = twice.Select(_ => new Collected()).ToArray();
        foreach (var (prompt, to) in twice.Zip(received))
            Assert.True(engine.TrySubmit(new() { Prompt = prompt, MaxTokens = 12, Options = new() }, to));
        foreach (var (prompt, to) in twice.Zip(received))
        {
            Assert.Equal(ServedEnd.Length, to.End);
            Assert.Equal(Greedy(exact, prompt, 12), to.Ids);
        }
    }

    [Fact]
    public void A_text_that_is_kept_may_grow_and_shrink_over_the_length()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden(Family));
        using var model = DecoderWeights.Load(checkpoint);
        using var packed = PackedWeights.Of(model);
        using var kept = new KeptSequence(packed, 90);
        var ids = Ids(8, 90);
        foreach (var (end, reuses) in ((int, bool)[])[(20, false), (30, true), (40, false), (80, true), (31, false), (32, true)])
        {
            Close(model, ids[..end], kept.Begin(ids[..end], default, out var reused));
            Assert.Equal(reuses, reused > 0);
        }
        for (var end = 33; end < 36; end++)
            Close(model, ids[..end], kept.Next(ids[end - 1]));
    }

    [Fact]
    public void Each_document_of_a_row_turns_by_its_own_length()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden(Family), DType.Float64);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        int[][] documents = [Ids(1, 20), Ids(2, 40), Ids(3, 32), Ids(4, 33)];
        double[] alone = [.. documents.SelectMany(ids => Logits(model, ids, null))];
        int[] all = [.. documents.SelectMany(ids => ids)];
        long[] places = [.. documents.SelectMany(ids => ids.Select((_, i) => (long)i))];
        GoldenTensors.AssertClose(alone, Logits(model, all, places), 1e-12, 1e-12, "logits");
    }

    [Fact]
    public void Keys_of_a_short_text_are_not_taken_for_those_of_a_long_one()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden(Family), DType.Float64);
        using var cache = new KeyValueCache(model.Config, 1, 64, DType.Float64);
        using var scope = TensorScope.Begin();
        model.Forward(Tensor.Zeros(DType.Int64, 1, 30), cache: cache);
        var error = Assert.Throws<EspalierException>(() => model.Forward(Tensor.Zeros(DType.Int64, 1, 3), cache: cache));
        Assert.Contains("grows to 33 positions, and after 32 all of them use other rotary factors", error.Message, StringComparison.Ordinal);
    }

    private static int[] Ids(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.Next(3, 128))];
    }

    private static int[] Greedy(Decoder model, int[] prompt, int count, bool turnsAnew = true)
    {
        List<int> ids = [.. prompt];
        for (var i = 0; i < count; i++)
        {
            // Otherwise by the factors of the whole length from the beginning, as vLLM and llama.cpp choose them.
            int[] read = turnsAnew ? [.. ids] : [.. ids, .. new int[prompt.Length + count - ids.Count]];
            var logits = Logits(model, read, null).AsSpan((ids.Count - 1) * model.Config.VocabularySize, model.Config.VocabularySize);
            var best = 0;
            for (var id = 1; id < logits.Length; id++)
                if (logits[id] > logits[best])
                    best = id;
            ids.Add(best);
        }
        return [.. ids.Skip(prompt.Length)];
    }

    private static void Close(Decoder model, int[] ids, Span<float> logits) => GoldenTensors.AssertClose(
        Logits(model, ids, null).AsSpan((ids.Length - 1) * logits.Length), Array.ConvertAll(logits.ToArray(), value => (double)value), 2e-4,
        0,
        $"logits after {ids.Length}");

    private static double[] Logits(Decoder model, int[] ids, long[]? places)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        return GoldenTensors.DoublesOf(model.Logits(
            model.Forward(Tensor.From<long>([.. ids.Select(id => (long)id)], 1, ids.Length), places: places)));
    }
}
