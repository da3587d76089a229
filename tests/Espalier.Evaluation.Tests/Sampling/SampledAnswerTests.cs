using System.Numerics;
using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Sampling;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Texts;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests;

/// <summary>
/// Questions that are answered several times: what each answer depends on, what is counted of them, and what is not asked again.
/// </summary>
public sealed class SampledAnswerTests : TorchTest
{
    private const int Most = 6;

    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-attempts-").FullName;

    public override void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        base.Dispose();
    }

    [Fact]
    public void An_answer_is_what_its_seed_gives_alone_whatever_is_asked_beside_it()
    {
        var task = Task("One day, the boy was very", "Once upon a time, there was a little", "It was a sunny day and the");
        var attempts = new Attempts(3, Temperature: 1.1, TopP: 0.9, Seed: 5);
        using var asked = new Asked(null);
        var results = asked.Ask(task, attempts);
        var tokenizer = Tokenizer.Load(asked.Folder);
        foreach (var result in results)
        {
            var prompt = ((TextResult)result.Greedy).Prompt.Text;
            foreach (var (i, answer) in result.Attempts.Cast<TextResult>().Index())
                Assert.Equal(
                    tokenizer.Decode([.. Generator.Continue(asked.Weights, tokenizer.Encode(prompt), Most,
                        new Attempt(attempts, i).Of(result.Document.Number, prompt), asked.Ends)], skipSpecialTokens: true),
                    answer.Made.Text);
        }
        Assert.True(results.SelectMany(result => result.Attempts).Cast<TextResult>().Select(answer => answer.Made.Text).Distinct()
            .Count() > 4);

        // Fewer documents, and fewer attempts: the same answers.
        var fewer = asked.Ask(task, attempts with { Count = 2 }, limit: 2);
        Assert.Equal(results.Take(2).SelectMany(result => Texts(result).Take(2)), fewer.SelectMany(Texts));
        foreach (var other in (Attempts[])[attempts with { Seed = 6 }, attempts with { TopP = 0.3 }, attempts with { Temperature = 3 }])
            Assert.NotEqual(results.SelectMany(Texts), asked.Ask(task, other).SelectMany(Texts));
    }

    [Fact]
    public void Passes_are_counted_by_drawing_without_replacement_and_the_greedy_answer_stays_beside_them()
    {
        const int n = 8;
        var task = SampledKind.Of(Task("Once upon a time, there was a little", "Once upon a time, there was a big", "It was"), new(n));
        using var asked = new Asked(null);
        var results = asked.Ask(Task("Once upon a time, there was a little", "Once upon a time, there was a big", "It was"), new(n));
        Assert.Equal(["pass@1,word,sampled", "pass@2,word,sampled", "pass@4,word,sampled", "pass@8,word,sampled",
            "pass@1,none,sampled", "pass@2,none,sampled", "pass@4,none,sampled", "pass@8,none,sampled", "exact_match,word",
            "exact_match,none"], task.Kind.Metrics.Select(metric => metric.Name));
        int[] passed = [.. results.Select(result => result.Attempts.Cast<GeneratedResult>()
            .Count(answer => answer.Verdicts[0].Answer == "girl"))];
        Assert.InRange(passed[0], 1, n);
        foreach (var k in (int[])[1, 2, 4, 8])
            Assert.Equal(passed.Select(c => 1 - (double)Choose(n - c, k) / (double)Choose(n, k)),
                results.Select(result => result.Score($"pass@{k},word,sampled")), Near);
        Assert.All(results, result => Assert.Equal(result.Greedy.Score("exact_match,word"), result.Score("exact_match,word")));

        // The standard error is that of a mean over documents, however many answers each has.
        double[] shares = [.. passed.Select(c => (double)c / n)];
        var mean = shares.Average();
        var told = TaskMetric.Of(task.Kind.Metrics[0], results);
        Assert.Equal(mean, told.Value, 1e-12);
        Assert.Equal(Math.Sqrt(shares.Sum(share => (share - mean) * (share - mean)) / (shares.Length - 1) / shares.Length),
            told.StandardError!.Value, 1e-12);

        using var stream = new MemoryStream();
        DocumentLines.Write(stream, "m", new(task, 0, [new("", results)], 1));
        var line = JsonDocument.Parse(stream.ToArray().AsMemory(0, Array.IndexOf(stream.ToArray(), (byte)'\n'))).RootElement;
        Assert.Equal(Texts(results[0]),
            line.GetProperty("attempts").EnumerateArray().Select(one => one.GetProperty("response").GetString()!));
        Assert.Equal(((TextResult)results[0].Greedy).Made.Text, line.GetProperty("response").GetString());
    }

    [Fact]
    public void What_was_answered_before_a_stop_is_not_asked_again_and_more_attempts_go_on()
    {
        var task = Task([.. Enumerable.Range(0, 20).Select(i => $"Once upon a time, there were {i}")]);
        var attempts = new Attempts(3, Seed: 1);
        using var undisturbed = new Asked(null);
        var expected = undisturbed.Ask(task, attempts);

        var cache = new ScoreCache(Path.Combine(_folder, "cache"));
        using var stop = new CancellationTokenSource();
        using var stopped = new Asked(cache);
        // All greedy answers, and some of the first attempt.
        Assert.Throws<OperationCanceledException>(() => stopped.Ask(task, attempts, new Counter(done =>
        {
            if (done > 30)
                stop.Cancel();
        }), stop: stop.Token));
        using var again = new Asked(cache);
        var made = 0L;
        var results = again.Ask(task, attempts, new Counter(_ => made++));
        Assert.InRange(made, 2 * 20, 80 - 31);
        Assert.Equal(expected.SelectMany(Texts), results.SelectMany(Texts));

        made = 0;
        var more = again.Ask(task, attempts with { Count = 4 }, new Counter(_ => made++));
        Assert.Equal(20, made);
        Assert.Equal(expected.SelectMany(Texts), more.SelectMany(result => Texts(result).Take(3)));
        made = 0;
        _ = again.Ask(task, attempts with { Seed = 2 }, new Counter(_ => made++));
        Assert.Equal(60, made);
    }

    [Theory]
    [InlineData("kind: choice\nprompt: q\nchoices: [a, b]\nanswer: \"{a}\"\n", "is of kind choice, for which a model generates no text")]
    [InlineData("kind: perplexity\nprompt: \"{q}\"\n", "is of kind perplexity, for which a model generates no text")]
    [InlineData("kind: judged\nprompt: \"{turn}\"\njudge-prompts: j.jsonl\n", "is of kind judged, whose questions are answered once")]
    public void What_a_model_does_not_write_or_writes_once_alone_is_refused(string kind, string expected) =>
        Assert.Contains(expected, Assert.Throws<EspalierException>(() =>
            SampledKind.Of(TaskFile.Parse($"test: q.jsonl\n{kind}", "t.yaml"), new(2))).Message);

    [Theory]
    [InlineData(1, new[] { 1 })]
    [InlineData(2, new[] { 1, 2 })]
    [InlineData(5, new[] { 1, 5 })]
    [InlineData(10, new[] { 1, 10 })]
    [InlineData(16, new[] { 1, 2, 4, 8, 16 })]
    [InlineData(200, new[] { 1, 10, 100, 200 })]
    public void Pass_at_k_is_told_of_the_usual_k(int attempts, int[] expected) => Assert.Equal(expected, SampledMetric.Ks(attempts));

    private static string[] Texts(SampledResult result) => [.. result.Attempts.Cast<TextResult>().Select(answer => answer.Made.Text)];

    private static BigInteger Choose(int n, int k) => k > n ? 0
        : Enumerable.Range(1, k).Aggregate(BigInteger.One, (product, i) => product * (n - k + i) / i);

    private static bool Near(double a, double b) => Math.Abs(a - b) < 1e-12;

    private TaskDefinition Task(params string[] prompts)
    {
        File.WriteAllLines(Path.Combine(_folder, "q.jsonl"), prompts.Select(prompt =>
            JsonSerializer.Serialize(new Dictionary<string, string> { ["q"] = prompt, ["a"] = "girl" })));
        File.WriteAllText(Path.Combine(_folder, "t.yaml"), $"kind: generate\ntest: q.jsonl\nprompt: \"{{q}}\"\ntarget: \"{{a}}\"\n"
            + $"max-tokens: {Most}\nfilters:\n  word: {{ regex: '([a-z]+)' }}\n  none: {{ regex: '([A-Z][a-z]*)' }}\n");
        return TaskFile.Read(Path.Combine(_folder, "t.yaml"));
    }

    /// <summary>The bundled teacher as it is asked.</summary>
    private sealed class Asked : IDisposable
    {
        private readonly Checkpoint _checkpoint = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        private readonly AskedModel _model;

        public Asked(ScoreCache? cache)
        {
            Weights = PackedWeights.Load(_checkpoint, WeightFormat.Float32);
            var tokenizer = Tokenizer.Load(Folder);
            Ends = StopIds.Of(_checkpoint, tokenizer);
            _model = new(tokenizer, () => throw new InvalidOperationException(), () => new(Weights, tokenizer, Ends),
                cache is null ? null : (cache, "hash"));
        }

        public string Folder => _checkpoint.Folder;

        public PackedWeights Weights { get; }

        public IReadOnlySet<int> Ends { get; }

        public SampledResult[] Ask(TaskDefinition task, Attempts attempts, IProgressReporter? progress = null, int? limit = null,
            CancellationToken stop = default)
        {
            task = SampledKind.Of(task, attempts);
            return [.. task.Kind.Questions(task, new(null, Limit: limit)).Ask(_model, "t", progress ?? NullProgress.Instance, stop)
                .Cast<SampledResult>()];
        }

        public void Dispose()
        {
            Weights.Dispose();
            _checkpoint.Dispose();
        }
    }

    /// <summary>Receives how many texts are done, over all passes, each time one more is.</summary>
    private sealed class Counter(Action<long> done) : IProgressReporter, IProgressTask
    {
        private long _all;

        public IProgressTask Begin(string title, long total, string unit) => this;

        public void Note(string line)
        {
        }

        public void Warn(string line)
        {
        }

        public void Advance(long more, string? detail = null) => done(_all += more);

        public void Report(long all, string? detail = null)
        {
        }

        public void Dispose()
        {
        }
    }
}
