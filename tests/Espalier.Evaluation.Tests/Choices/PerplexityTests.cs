using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Perplexity;
using Espalier.Evaluation.Tasks;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Choices;

/// <summary>
/// Perplexities are those of the harness's windows: against goldens of transformers, made by tests/golden/generators/perplexity.py.
/// </summary>
public sealed class PerplexityTests : TorchTest
{
    private static readonly JsonElement s_golden =
        JsonDocument.Parse(File.ReadAllBytes(Fixtures.Golden("perplexity", "golden.json"))).RootElement;

    [Theory]
    [InlineData(1, 4, "0>1")]
    [InlineData(4, 4, "0123>1234")]
    [InlineData(5, 4, "0123>1234 1234>5")]
    [InlineData(8, 4, "0123>1234 4567>5678")]
    [InlineData(10, 4, "0123>1234 4567>5678 6789>9a")]
    [InlineData(3, 1, "0>1 1>2 2>3")]
    public void Each_id_is_predicted_once_from_as_many_as_fit(int count, int positions, string expected) =>
        // What is read, and what the last of it predicts.
        Assert.Equal(expected, string.Join(' ', RollingWindows.Of([.. Enumerable.Range(1, count)], 0, positions).Select(window =>
            $"{Ids([.. window.Context, .. window.Continuations[0][..^1]])}>{Ids(window.Continuations[0])}")));

    [Fact]
    public void Whole_texts_have_the_goldens_likelihoods()
    {
        var expected = s_golden.GetProperty("rolling").EnumerateArray().ToArray();
        var results = Ask("test: a.jsonl\nkind: perplexity\nprompt: \"{text}\"\n", expected);
        foreach (var (golden, result) in expected.Zip(results.Documents.Cast<PerplexityResult>()))
        {
            Assert.Equal((Number(golden, "tokens"), Number(golden, "words"), Number(golden, "bytes")),
                (result.Tokens, result.Text.Words, result.Text.Bytes));
            Assert.Equal(golden.GetProperty("log_likelihood").GetDouble(), result.LogLikelihood, 1e-3);
        }
        Assert.Contains(expected, golden => Number(golden, "windows") > 3);

        // As the harness adds up: by words and bytes, not by documents.
        double Sum(string field) => expected.Sum(golden => golden.GetProperty(field).GetDouble());
        Assert.Equal(
            [
                Math.Exp(-Sum("log_likelihood") / Sum("words")), Math.Exp(-Sum("log_likelihood") / Sum("bytes")),
                -Sum("log_likelihood") / Sum("bytes") / Math.Log(2), Math.Exp(-Sum("log_likelihood") / Sum("tokens")),
            ],
            results.Totals.Select(metric => metric.Value), (a, b) => Math.Abs(a - b) < 1e-5 * a);
        Assert.Equal(["word_perplexity", "byte_perplexity", "bits_per_byte", "token_perplexity"],
            results.Totals.Select(metric => metric.Name));
    }

    [Fact]
    public void What_was_scored_before_a_stop_is_not_scored_again()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllLines(Path.Combine(folder.Path, "a.jsonl"), Enumerable.Range(0, 70).Select(i => $"{{\"text\": \"Text {i}.\"}}"));
        File.WriteAllText(Path.Combine(folder.Path, "t.yaml"), "test: a.jsonl\nkind: perplexity\nprompt: \"{text}\"\n");
        var (task, settings) = (TaskFile.Read(Path.Combine(folder.Path, "t.yaml")), new TaskSettings(null));
        using var checkpoint = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        using var model = DecoderWeights.Load(checkpoint);
        var loads = 0;
        var cache = new ScoreCache(Path.Combine(folder.Path, "cache"));
        TaskResult Ask(Func<Decoder> decoder) => TaskEvaluator.Run(task, settings, task.Kind.Questions(task, settings),
            new(Tokenizer.Load(checkpoint.Folder), decoder, () => throw new InvalidOperationException(), (cache, "m"))
            { Positions = checkpoint.Config.MaxPositions }, NullProgress.Instance);

        // Stopped before its second piece of 64 windows.
        Assert.Throws<OperationCanceledException>(() => Ask(() => loads++ == 0 ? model : throw new OperationCanceledException()));
        loads = 0;
        var resumed = Ask(() => ++loads == 1 ? model : throw new InvalidOperationException("asked again"));
        cache = new(Path.Combine(folder.Path, "other"));
        Assert.Equal(Ask(() => model).Totals, resumed.Totals);
    }

    [Fact]
    public void Last_words_have_the_goldens_likelihoods()
    {
        var expected = s_golden.GetProperty("last_words").EnumerateArray().ToArray();
        var task = File.ReadAllText(Path.Combine(Fixtures.Root, "tasks", "lambada_openai.yaml"));
        var results = Ask(task.Replace("lambada/lambada_test_en.jsonl", "a.jsonl", StringComparison.Ordinal), expected);
        foreach (var (golden, result) in expected.Zip(results.Documents.Cast<LikelihoodResult>()))
        {
            Assert.Equal(golden.GetProperty("log_likelihood").GetDouble(), result.LogLikelihood, 1e-3);
            Assert.Equal(golden.GetProperty("greedy").GetBoolean(), result.IsGreedy);
        }
        Assert.Equal(expected.Average(golden => golden.GetProperty("greedy").GetBoolean() ? 1.0 : 0), results.Totals[0].Value, 1e-12);
        Assert.InRange(results.Totals[0].Value, 0.01, 0.99);
        var perplexity = Math.Exp(-expected.Average(golden => golden.GetProperty("log_likelihood").GetDouble()));
        Assert.Equal(perplexity, results.Totals[1].Value, 1e-4 * perplexity);
    }

    [Fact]
    public void Pages_are_parted_tidied_and_counted_as_they_were()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "wikitext"));
        File.Copy(Fixtures.Golden("perplexity", "pages.txt"), Path.Combine(folder.Path, "wikitext", "wiki.test.raw"));
        var task = TaskCatalog.Find("wikitext");
        var subject = Assert.Single(TaskData.Read(task, folder.Path, shots: false));
        var expected = s_golden.GetProperty("pages").EnumerateArray().ToArray();
        Assert.Equal(expected.Select(page => page.GetProperty("page").GetString()),
            subject.Documents.Select(document => document.Text(["page"])));
        foreach (var (golden, document) in expected.Zip(subject.Documents))
        {
            var text = PerplexityText.Of(document, task.Prompt.Fill(document), ((PerplexityKind)task.Kind).Counted.Fill(document));
            Assert.Equal(golden.GetProperty("text").GetString(), text.Text);
            Assert.Equal((Number(golden, "words"), Number(golden, "bytes")), (text.Words, text.Bytes));
        }
        Assert.Contains("line 2", subject.Documents[0].Place, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kind: perplexity\nprompt: \"{text}\"\nshots: { count: 2 }\n", "a task of kind perplexity measures the text alone")]
    [InlineData("kind: perplexity\nprompt: \"{text}\"\ndescription: a\n", "remove shots and description")]
    [InlineData("kind: likelihood\nprompt: \"{text}\"\n", "target is missing")]
    public void What_a_task_cannot_have_is_said(string keys, string expected) => Assert.Contains(expected,
        Assert.Throws<EspalierException>(() => TaskFile.Parse($"test: a.jsonl\n{keys}", "t.yaml")).Message, StringComparison.Ordinal);

    // Of 800 nats a word, as where a script has no blanks, there is no perplexity: models are compared by the next metric.
    [Fact]
    public void A_perplexity_beyond_all_numbers_is_left_out()
    {
        var task = TaskFile.Parse("test: a.jsonl\nkind: perplexity\nprompt: \"{text}\"\n", "t.yaml");
        TaskResult[] results = [Result(700), Result(720)];
        Assert.Equal([], results[0].Boundless);
        Assert.Equal("t: word_perplexity is left out: it is too large for a number (texts without spaces have few words)",
            results[1].BoundlessNote);
        var comparison = TaskComparison.Of(["a", "b"], results);
        Assert.Equal("byte_perplexity", comparison.Metric.Name);
        Assert.All(comparison.Results, result => Assert.Equal(["byte_perplexity", "bits_per_byte", "token_perplexity"],
            result.Metrics.Select(metric => metric.Name)));
        var difference = Assert.Single(comparison.Comparisons);
        Assert.Equal(Math.Exp(0.72) - Math.Exp(0.70), difference.Difference, 1e-12);
        Assert.Equal(1, TaskComparison.Of(["b", "b"], [results[1], results[1]]).Comparisons[0].Probability);

        TaskResult Result(double nats) => new(task, 0, [new("", [.. Enumerable.Range(0, 3).Select(i => new PerplexityResult(
            new(new(default, "here", i), "", 1, 1000), -nats, 900))])], 0);
    }

    [Fact]
    public void Shots_are_not_shown_before_a_text() => Assert.Contains("leave --shots away", Assert.Throws<EspalierException>(() =>
    {
        var task = TaskFile.Parse("test: a.jsonl\nkind: perplexity\nprompt: \"{text}\"\n", "t.yaml");
        task.Kind.Questions(task, new(null, Shots: 4));
    }).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("kind: perplexity\nprompt: \"{text}\"\n", "line 1: the text is empty")]
    [InlineData("kind: likelihood\nprompt: \"a\"\ntarget: \"{text}\"\n", "line 1: the target is empty")]
    public void A_text_without_anything_is_named(string keys, string expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "a.jsonl"), "{\"text\": \"\"}\n");
        File.WriteAllText(Path.Combine(folder.Path, "t.yaml"), $"test: a.jsonl\n{keys}");
        var task = TaskFile.Read(Path.Combine(folder.Path, "t.yaml"));
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => task.Kind.Questions(task, new(null))).Message,
            StringComparison.Ordinal);
    }

    private static TaskResult Ask(string keys, JsonElement[] documents)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllLines(
            Path.Combine(folder.Path, "a.jsonl"), documents.Select(document => document.GetRawText().ReplaceLineEndings("")));
        File.WriteAllText(Path.Combine(folder.Path, "t.yaml"), keys);
        var task = TaskFile.Read(Path.Combine(folder.Path, "t.yaml"));
        var settings = new TaskSettings(null);
        using var checkpoint = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        using var model = DecoderWeights.Load(checkpoint);
        return TaskEvaluator.Run(task, settings, task.Kind.Questions(task, settings),
            new(Tokenizer.Load(checkpoint.Folder), () => model, () => throw new InvalidOperationException())
            { Positions = checkpoint.Config.MaxPositions }, NullProgress.Instance);
    }

    private static int Number(JsonElement golden, string field) => golden.GetProperty(field).GetInt32();

    private static string Ids(int[] ids) => string.Concat(ids.Select(id => $"{id:x}"));
}
