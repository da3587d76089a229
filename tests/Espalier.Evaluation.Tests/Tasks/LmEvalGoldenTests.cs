using Espalier.Compression.Evaluation;
using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Texts;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Tasks;

/// <summary>
/// Documents, prompts and verdicts of lm-evaluation-harness 0.4.13: what its README beside the goldens says. Log-likelihoods within 1e-3,
/// predictions the same.
/// </summary>
public sealed class LmEvalGoldenTests : TorchTest
{
    [OutsideTheory("oracles/lm-eval/summary.json")]
    [InlineData("arc_easy")]
    [InlineData("piqa")]
    public void Every_document_is_asked_and_judged_as_the_harness_does(string name)
    {
        var task = TaskFile.Read(Path.Combine(Fixtures.Root, "tasks", $"{name}.yaml"));
        var subject = Assert.Single(TaskData.Read(task, Fixtures.Outside("benchmarks"), shots: false));
        var prompts = ChoicePrompts.Of(task, subject, shots: 0, limit: 200);
        JsonElement[] golden = [.. File.ReadLines(Fixtures.Outside("oracles", "lm-eval", $"{name}.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(golden.Length, prompts.Count);

        using var checkpoint = Checkpoint.Open(Fixtures.Outside("models", "stories260K"));
        using var model = DecoderWeights.Load(checkpoint);
        var results = ChoiceEvaluator.Run(model, Tokenizer.Load(checkpoint.Folder), prompts);
        foreach (var (expected, result) in golden.Zip(results))
        {
            Assert.All(result.Prompt.Pairs, pair => Assert.Equal(expected.GetProperty("context").GetString(), pair.Context));
            Assert.Equal(Texts(expected, "continuations"), result.Prompt.Pairs.Select(pair => pair.Continuation));
            var likelihoods = expected.GetProperty("ll").EnumerateArray().Select(ll => ll.GetDouble()).ToArray();
            foreach (var (ll, score) in likelihoods.Zip(result.Scores))
                Assert.Equal(ll, score.LogLikelihood, 1e-3);
            Assert.Equal(expected.GetProperty("truncated").EnumerateArray().Max(cut => cut.GetInt32()), result.Cut);
            Assert.Equal(expected.GetProperty("greedy").EnumerateArray().Select(greedy => greedy.GetBoolean()),
                result.Scores.Select(score => score.IsGreedy));
            Assert.Equal(
                (Number(expected, "gold"), Number(expected, "pred"), Number(expected, "pred_norm"), Number(expected, "pred_bytes")),
                (result.Prompt.Answer, result.Predicted, result.PredictedPerCharacter, result.PredictedPerByte));
        }
    }

    [OutsideFact("oracles/lm-eval/boundary_cases.jsonl")]
    public void What_is_scored_begins_where_the_harness_lets_it_begin()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Outside("models", "stories260K"));
        using var model = DecoderWeights.Load(checkpoint);
        var tokenizer = Tokenizer.Load(checkpoint.Folder);
        JsonElement[] golden = [.. File.ReadLines(Fixtures.Outside("oracles", "lm-eval", "boundary_cases.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.True(golden.Length > 10);
        foreach (var expected in golden)
        {
            var ids = ContinuationIds.Of(tokenizer, expected.GetProperty("context").GetString()!,
                expected.GetProperty("continuation").GetString()!);
            var score = new LogLikelihoods(model).Of([new(ids.Context, [ids.Continuation])])[0][0];
            Assert.Equal(expected.GetProperty("ll").GetDouble(), score.LogLikelihood, 1e-3);
        }
    }

    private static IEnumerable<string> Texts(JsonElement golden, string field) =>
        golden.GetProperty(field).EnumerateArray().Select(text => text.GetString()!);

    private static int Number(JsonElement golden, string field) => golden.GetProperty(field).GetInt32();
}
