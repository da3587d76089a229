using Espalier.Compression.Evaluation;
using Espalier.Evaluation.Requests;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Choices;

/// <summary>What is shared and batched gives what each continuation gives alone, in a pass of its own.</summary>
public sealed class LogLikelihoodsTests : TorchTest
{
    [Theory]
    [InlineData("llama-3.1")]
    [InlineData("qwen3")]
    [InlineData("nemotron")]
    [InlineData("granite")]
    // Windows of 10 ids, which reach into what is shared, and capped scores.
    [InlineData("phi3")]
    [InlineData("gemma2")]
    // Texts longer than 32 ids turn by other factors than shorter ones, of one context too.
    [InlineData("phi4-longrope")]
    public void Together_or_alone_is_the_same(string family)
    {
        foreach (var (dtype, tolerance) in new[] { (DType.Float64, 1e-9), (DType.Float32, 2e-4) })
            TogetherOrAlone(family, dtype, tolerance);
    }

    [Fact]
    public void What_is_not_finite_is_refused_and_never_the_first_choice()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "qwen3"));
        using var model = DecoderWeights.Load(checkpoint);
        using (GradMode.Disable())
            model.Head.Weight.MulInPlace(double.PositiveInfinity);
        var error = Assert.Throws<NotFiniteException>(() => new LogLikelihoods(model).Of([new([1, 2, 3], [[4], [5, 6]])]));
        Assert.Equal(1, error.ExitCode);
        Assert.Contains("activations overflow", error.Message, StringComparison.Ordinal);
    }

    // The harness begins with BOS, or with EOS where there is no BOS, and scores the first id, too.
    [Fact]
    public void Without_a_context_and_a_bos_the_first_id_is_scored_after_eos()
    {
        var tokenizer = Tokenizer.Load(Fixtures.Golden("tokenizers-kinds", "files-qwen2"));
        Assert.Null(tokenizer.BosId);
        var ids = ContinuationIds.Of(tokenizer, "", "The cat sleeps.");
        Assert.Equal([tokenizer.EosId!.Value], ids.Context);
        Assert.Equal(tokenizer.Encode("The cat sleeps."), ids.Continuation);
    }

    private static void TogetherOrAlone(string family, DType dtype, double tolerance)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", family));
        using var model = DecoderWeights.Load(checkpoint, dtype);
        var random = new Random(1);
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(model.Config.VocabularySize))];
        var (shots, other) = (Ids(40), Ids(24));
        ScoredRequest[] requests =
        [
            // Of one beginning, of another, and of none; of one length and of several; ids that are alone.
            .. Enumerable.Range(0, 5)
                .Select(i => new ScoredRequest([.. shots, .. Ids(3 + i % 2)], [Ids(1), Ids(4), Ids(1), Ids(4), Ids(2)])),
            .. Enumerable.Range(0, 3).Select(_ => new ScoredRequest([.. other, .. Ids(5)], [Ids(1), Ids(1)])),
            new(shots, [Ids(3)]),
            new(Ids(1), [Ids(1), Ids(2)]),
            .. Enumerable.Range(0, 2).Select(_ => new ScoredRequest([.. other, .. Ids(6)], [Ids(1), Ids(3), Ids(4), Ids(7)])),
            new(Ids(7), [Ids(6)]),
        ];
        var done = 0;
        var scores = new LogLikelihoods(model).Of(requests, more => done += more);

        Assert.Equal(requests.Length, done);
        foreach (var (request, found) in requests.Zip(scores))
            foreach (var (ids, score) in request.Continuations.Zip(found))
            {
                var (expected, greedy) = Alone(model, request.Context, ids);
                Assert.Equal(expected, score.LogLikelihood, tolerance);
                Assert.Equal(greedy, score.IsGreedy);
            }
    }

    [Fact]
    public void Choices_of_one_id_after_one_context_have_one_distribution()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "qwen2"));
        using var model = DecoderWeights.Load(checkpoint);
        int[][] all = [.. Enumerable.Range(0, model.Config.VocabularySize).Select(id => new[] { id })];
        var scores = new LogLikelihoods(model).Of([new([1, 2, 3], all)])[0];
        Assert.Equal(1, scores.Sum(score => Math.Exp(score.LogLikelihood)), 1e-5);
        Assert.Equal(1, scores.Count(score => score.IsGreedy));
        Assert.Equal(scores.Max(score => score.LogLikelihood), scores.Single(score => score.IsGreedy).LogLikelihood);
    }

    [Fact]
    public void What_is_longer_than_the_model_is_cut_on_the_left()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "llama-3.2-tied"));
        using var model = DecoderWeights.Load(checkpoint, DType.Float64);
        var positions = model.Config.MaxPositions;
        int[] context = [.. Enumerable.Range(0, positions).Select(i => i % 90)];
        var score = new LogLikelihoods(model).Of([new(context, [[5, 6, 7]])])[0][0];
        Assert.Equal(Alone(model, context[2..], [5, 6, 7]).LogLikelihood, score.LogLikelihood, 1e-9);
    }

    private static (double LogLikelihood, bool IsGreedy) Alone(Decoder model, int[] context, int[] ids)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        long[] read = [.. context.Concat(ids[..^1]).Select(id => (long)id)];
        var logits_TV = model.Logits(model.Forward(Tensor.From<long>(read, 1, read.Length))).Select(0, 0);
        var scored_LV = logits_TV.Slice(0, context.Length - 1, read.Length);
        var targets_L1 = Tensor.From<long>([.. ids.Select(id => (long)id)], ids.Length, 1).On(model.Device);
        return (scored_LV.LogSoftmax(-1).Gather(-1, targets_L1).Sum().Item(),
            scored_LV.ArgMax(-1).ToArray<long>().SequenceEqual(ids.Select(id => (long)id)));
    }
}
