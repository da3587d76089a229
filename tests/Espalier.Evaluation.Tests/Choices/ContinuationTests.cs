using Espalier.Compression.Evaluation;
using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Health;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Choices;

/// <summary>How models go on from a beginning, beside the first one.</summary>
public sealed class ContinuationTests : TorchTest
{
    // Counted by hand: of 1 2 1 2 1 the pairs are 12 21 12 21, and the stretches of four 1212 and 2121.
    [Theory]
    [InlineData(new[] { 1, 2, 1, 2, 1 }, 1, 0.4)]
    [InlineData(new[] { 1, 2, 1, 2, 1 }, 2, 0.5)]
    [InlineData(new[] { 1, 2, 1, 2, 1 }, 4, 1.0)]
    [InlineData(new[] { 1, 2, 1, 2, 1, 2 }, 4, 2.0 / 3)]
    [InlineData(new[] { 7, 7, 7, 7, 7 }, 4, 0.5)]
    [InlineData(new[] { 7, 8, 9 }, 4, 1.0)]
    [InlineData(new int[0], 1, 1.0)]
    public void Different_stretches_of_ids(int[] ids, int n, double expected)
    {
        Assert.Equal(expected, TextMeasures.Distinct(ids, n), 1e-12);
        Assert.Equal(1 - expected, TextMeasures.Repetition(ids, n), 1e-12);
    }

    [Fact]
    public void The_first_model_is_what_the_others_are_held_against()
    {
        var task = TaskFile.Read(Path.Combine(Fixtures.Root, "tasks", "endings", "continuations.yaml"));
        var questions = task.Kind.Questions(task, new(null, Limit: 6));
        using var teacher = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        using var changed = DecoderWeights.Load(teacher);
        using (GradMode.Disable())
            changed.Head.Weight.MulInPlace(0.5);
        using var decoder = DecoderWeights.Load(teacher);
        var first = Ask(questions, teacher, decoder);
        var second = Ask(questions, teacher, changed);

        Assert.All(first, result => Assert.Equal((result.Reference.Length, 1.0), (result.Ids.Length, result.Score("agreed"))));
        foreach (var (own, other) in first.Zip(second))
        {
            Assert.Equal(own.Reference, other.Reference);
            Assert.Equal(-Alone(decoder, own), own.Score("continuation_perplexity") * own.Reference.Length, 1e-2);
            Assert.Equal(-Alone(changed, other), other.Score("continuation_perplexity") * own.Reference.Length, 1e-2);
            Assert.InRange(other.Score("agreed"), 0, 1);
        }
        var metric = task.Kind.Metrics[0];
        var words = first.Sum(result => result.Weight(metric.Name));
        Assert.Equal(Math.Exp(-first.Sum(result => result.LogLikelihood) / words), TaskMetric.Of(metric, first).Value, 1e-9);
        Assert.True(TaskMetric.Of(metric, second).Value > TaskMetric.Of(metric, first).Value);
    }

    private static ContinuationResult[] Ask(TaskQuestions questions, Checkpoint checkpoint, Decoder decoder)
    {
        var tokenizer = Tokenizer.Load(checkpoint.Folder);
        using var packed = PackedWeights.Of(decoder);
        return [.. questions.Ask(new(tokenizer, () => decoder, () => new(packed, tokenizer, StopIds.Of(checkpoint, tokenizer))), "t",
            NullProgress.Instance, default).Cast<ContinuationResult>()];
    }

    private static double Alone(Decoder model, ContinuationResult result)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var context = ContinuationIds.Of(Tokenizer.Load(Path.Combine(Fixtures.Root, "models", "quickstart-teacher")), result.Prompt.Text,
            "x").Context;
        long[] read = [.. context.Concat(result.Reference[..^1]).Select(id => (long)id)];
        var hidden_TD = model.Forward(Tensor.From<long>(read, 1, read.Length)).Select(0, 0);
        return -model.Head.Nll(hidden_TD.Slice(0, context.Length - 1, read.Length),
            Tensor.From<long>([.. result.Reference.Select(id => (long)id)], result.Reference.Length)).Sum(DType.Float64).Item();
    }
}
