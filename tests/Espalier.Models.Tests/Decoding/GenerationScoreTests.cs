using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Generation.Sampling;
using Espalier.Tests;

namespace Espalier.Models.Tests.Decoding;

/// <summary>What a model thinks of the ids that were chosen, against its own forward pass over the finished text.</summary>
public sealed class GenerationScoreTests : TorchTest
{
    [Fact]
    public void Scores_are_the_log_probabilities_of_the_finished_text_whatever_was_sampled_how()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Golden("families", "llama-3.1"));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        using var model = DecoderWeights.Load(checkpoint, DType.Float32);
        int[][] prompts = [[1], [5, 9, 5], [.. Enumerable.Range(3, 12)]];
        SamplingOptions[] options =
        [
            new(), new() { Temperature = 1.5, Seed = 3, RepetitionPenalty = 1.4 },
            new() { Temperature = 0.7, TopK = 5, TopP = 0.9, Seed = 9 },
        ];
        var scores = prompts.Select(_ => new List<double>()).ToArray();
        var made = GeneratorBatch.Continue(
            packed, prompts, 10, prompt => options[prompt], atOnce: 2, onScore: (prompt, score) => scores[prompt].Add(score));
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        for (var i = 0; i < prompts.Length; i++)
        {
            long[] ids = [.. prompts[i].Select(id => (long)id), .. made[i].Select(id => (long)id)];
            var logits = model.Logits(model.Forward(Tensor.From<long>(ids.AsSpan(0, ids.Length - 1), 1, ids.Length - 1)))
                .View(ids.Length - 1, -1);
            var nll = logits.TokenNll(Tensor.From<long>(ids.AsSpan(1), ids.Length - 1)).ToArray<float>()[(prompts[i].Length - 1)..];
            Assert.Equal(nll.Length, scores[i].Count);
            for (var t = 0; t < nll.Length; t++)
                Assert.Equal(-nll[t], scores[i][t], 1e-4);
        }
    }
}
