using System.Text.Json;
using Espalier.Compression.Evaluation;
using Espalier.Models;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Tests;
using Espalier.Torch;

namespace Espalier.Compression.Tests.Evaluation;

public sealed class MultipleChoiceTests : TorchTest
{
    private static readonly string s_teacher = Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    [Fact]
    public void Log_likelihoods_are_those_of_forward_passes_of_each_choice_alone()
    {
        var tokenizer = Tokenizer.Load(s_teacher);
        using var model = GoldenTensors.Load(s_teacher, DType.Float64);
        MultipleChoiceItem[] items = [new("Once upon a time there was", ["a fox", "a very old house by the sea"], 1),
            new("", ["It rained.", "She laughed"], 0)];
        var task = new MultipleChoiceTask(items, tokenizer, 256);
        var found = MultipleChoiceEvaluator.LogLikelihoods(model, task, 3, NullProgress.Instance);
        using var noGrad = GradMode.Disable();
        for (var i = 0; i < 4; i++)
        {
            using var scope = TensorScope.Begin();
            var row = task.Rows[i];
            long[] ids = [.. row.Ids.Select(id => (long)id)];
            var logs = model.Logits(model.Forward(Tensor.From<long>(ids, 1, ids.Length))).LogSoftmax(-1).ToArray<double>();
            var sum = Enumerable.Range(ids.Length - row.Scored, row.Scored).Sum(t => logs[(t - 1) * model.Config.VocabularySize + ids[t]]);
            Assert.Equal(sum, found[i], 1e-10 * Math.Abs(sum));
        }
        Assert.Equal(tokenizer.Encode("Once upon a time there was a fox"), task.Rows[0].Ids);
        Assert.Equal([5, 27, 10, 11], task.Rows.Select(row => row.Characters));
    }

    [Fact]
    public void A_token_that_the_model_has_no_row_for_is_refused_by_name() => Assert.Contains(
        "items: the tokenizer gave id 4094 ('<|reserved_special_token_9|>'), not below the vocabulary of 4090",
        Assert.Throws<EspalierException>(
            () => new MultipleChoiceTask([new("A", ["<|reserved_special_token_9|>", "b"], 0)], Tokenizer.Load(s_teacher), 256,
                rows: 4090)).Message);

    [Fact]
    public void An_item_is_judged_by_log_likelihoods_a_character()
    {
        var task = new MultipleChoiceTask([new("A", ["one", "eleven"], 0), new("B", ["one", "eleven"], 1)], Tokenizer.Load(s_teacher), 256);
        // A character: -1 and -1.5, then -2 and -1; p of the right ones: 1 / (1 + e^-0.5) and 1 / (1 + e^-1).
        var result = task.Judge([-3, -9, -6, -6]);
        Assert.Equal(1, result.Accuracy);
        Assert.Equal((Math.Log(1 + Math.Exp(-0.5)) + Math.Log(1 + Math.Exp(-1))) / 2, result.NegativeLogProbability, 1e-15);
        Assert.Equal(0.5, task.Judge([-3, -3, -6, -6]).Accuracy);
    }

    [Fact]
    public void A_context_that_is_too_long_is_cut_on_its_left()
    {
        var tokenizer = Tokenizer.Load(s_teacher);
        var whole = MultipleChoiceRow.Of(tokenizer, "One two three four five six seven", "eight nine", 256);
        var cut = MultipleChoiceRow.Of(tokenizer, "One two three four five six seven", "eight nine", whole.Scored + 1);
        Assert.Equal(whole.Ids[^(whole.Scored + 2)..], cut.Ids);
        Assert.Equal(whole.Scored, cut.Scored);
        Assert.Contains("positions",
            Assert.Throws<EspalierException>(() => MultipleChoiceRow.Of(tokenizer, "One", "eight nine", whole.Scored - 1)).Message);
    }

    [Fact]
    public void A_file_of_items_is_read()
    {
        var items = Read("""
            {"context": "The sky is", "choices": ["blue", "green"], "answer": 0}

            {"question": "Why?", "choices": ["a", "b", "c"], "answer": 2, "id": 7}
            """);
        Assert.Equal(["The sky is", "Question: Why?\nAnswer:"], items.Select(item => item.Context));
        Assert.Equal([0, 2], items.Select(item => item.Answer));
        Assert.Equal(["a", "b", "c"], items[1].Choices);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("\n\n", "has no items")]
    [InlineData("{\"context\": \"a\", \"choices\": [\"b\", \"c\"], \"answer\": 2}",
        "line 1: answer is 2 and must be a whole number from 0 to 1")]
    [InlineData("{\"context\": \"a\", \"choices\": [\"b\", \"c\"], \"answer\": -1}", "answer is -1")]
    [InlineData("{\"context\": \"a\", \"choices\": [\"b\", \"c\"], \"answer\": \"0\"}", "answer is \"0\"")]
    [InlineData("{\"context\": \"a\", \"choices\": [\"b\", \"c\"]}", "answer is missing")]
    [InlineData("{\"context\": \"a\", \"choices\": [\"b\"], \"answer\": 0}", "a list of 2 to 64 texts")]
    [InlineData("{\"context\": \"a\", \"choices\": [\"b\", \" \"], \"answer\": 0}", "choices[1] is no text with something in it")]
    [InlineData("{\"choices\": [\"b\", \"c\"], \"answer\": 0}", "neither context nor question is a text")]
    [InlineData("[1]", "line 1: is no JSON object")]
    [InlineData("{", "line 1: not valid JSON")]
    public void A_line_that_is_no_item_is_named(string text, string message) =>
        Assert.Contains(message, Assert.Throws<EspalierException>(() => Read(text)).Message);

    [OutsideFact("oracles/lm-eval")]
    public void Log_likelihoods_and_accuracies_are_those_of_a_common_harness()
    {
        var folder = Fixtures.Outside("models", "stories260K");
        var tokenizer = Tokenizer.Load(folder);
        using var checkpoint = Checkpoint.Open(folder);
        using var model = DecoderWeights.Load(checkpoint, DType.Float64);
        foreach (var name in new[] { "arc_easy.jsonl", "piqa.jsonl" })
        {
            var lines = File.ReadLines(Fixtures.Outside("oracles", "lm-eval", name)).Select(line => JsonDocument.Parse(line).RootElement)
                .Take(LongRun.Times(40, 200)).ToArray();
            MultipleChoiceItem[] items = [.. lines.Select(line => new MultipleChoiceItem(
                line.GetProperty("context").GetString()!,
                [.. line.GetProperty("continuations").EnumerateArray().Select(text => text.GetString()!)],
                line.GetProperty("gold").GetInt32()))];
            var task = new MultipleChoiceTask(items, tokenizer, checkpoint.Config.MaxPositions);
            var found = MultipleChoiceEvaluator.LogLikelihoods(model, task, 8, NullProgress.Instance);
            double[] expected = [
                .. lines.SelectMany(line => line.GetProperty("ll_f64").EnumerateArray().Select(value => value.GetDouble()))];
            // Its own float32 and float64 runs are up to 1.4e-4 apart.
            GoldenTensors.AssertClose(expected, found, 1.4e-4, 0, name);
            Assert.Equal(lines.Average(line => line.GetProperty("acc_norm").GetInt32()), task.Judge(found).Accuracy, 1e-12);
        }
    }

    private static IReadOnlyList<MultipleChoiceItem> Read(string text)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "task.jsonl");
        File.WriteAllText(path, text);
        return MultipleChoiceFile.Read(path);
    }
}
