using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Training;

/// <summary>cache, and distil from it, in this process, on the tiny golden models.</summary>
public sealed class CacheTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _ids;

    public CacheTests() => _ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 4000).Select(i => i * i % 127));

    private string Of(string name) => Path.Combine(_folder.Path, name);

    private string Capture(string name, string more = "") => $"cache {Verb.Tiny} --ids {_ids} --seq 32 --output {Of(name)} {more}";

    private string Distill(string name, string more) =>
        $"distill {Fixtures.Golden("pruning", "width")} --ids {_ids} --batch 4 --seq 32 --steps 4 --output {Of(name)} {more}";

    [Fact]
    public void A_student_of_a_cache_of_hidden_states_is_the_student_of_the_teacher()
    {
        var cache = Verb.Json(Capture("cache", "--encoding hidden"));
        Verb.HasFields(cache, "output encoding windows tokens bytes_per_token bytes");
        Assert.Equal((121, 121 * 32, 192),
            (cache.GetProperty("windows").GetInt32(), cache.GetProperty("tokens").GetInt32(),
                cache.GetProperty("bytes_per_token").GetInt32()));
        var online = Verb.Json(Distill("a", $"--teacher {Verb.Tiny}"));
        var offline = Verb.Json(Distill("b", $"--cache {Of("cache")}"));
        Assert.Equal(online.GetProperty("final_loss").GetDouble(), offline.GetProperty("final_loss").GetDouble(), 1e-6);
    }

    [Theory]
    [InlineData("--encoding top-k --k 8", 8 * 6 + 4)]
    [InlineData("--encoding samples --samples 9", 9 * 2 + 4)]
    [InlineData("--encoding top-k-samples --k 8 --samples 9", (8 * 6 + 4) + (9 * 2 + 4))]
    public void Every_encoding_trains(string encoding, double bytes)
    {
        Assert.Equal(bytes, Verb.Json(Capture("cache", encoding)).GetProperty("bytes_per_token").GetDouble(), 0.2);
        Assert.InRange(Verb.Json(Distill("a", $"--cache {Of("cache")} --loss forward-kl+0.1*cross-entropy")).GetProperty("final_loss")
            .GetDouble(), 0.01, 10);
    }

    [Theory]
    [InlineData("--seq 16", "the sequence is 32 in the cache but 16 here")]
    [InlineData("--temperature 2", "the temperature is 1 in the cache but 2 here")]
    [InlineData("--held-out 10%", "the data is")]
    [InlineData("--teacher WIDTH", "the teacher is")]
    [InlineData("--loss reverse-kl", "needs full distributions")]
    [InlineData("--loss cross-entropy", "needs no teacher")]
    [InlineData("--hidden-final", "give --teacher instead of --cache")]
    public void What_the_cache_was_not_written_for_is_refused(string options, string message)
    {
        _ = Verb.Json(Capture("cache", "--k 4"));
        var line =
            $"distill {Fixtures.Golden("pruning", "width")} --ids {_ids} --batch 4 --steps 4 --output {Of("a")} --cache {Of("cache")} "
                + $"{options.Replace("WIDTH", Fixtures.Golden("pruning", "width"))}"
            + (options.Contains("--seq") ? "" : " --seq 32");
        Assert.Contains(message, Verb.Refused(line));
        Assert.False(Path.Exists(Of("a")));
    }

    [Fact]
    public void A_student_whose_control_token_has_another_name_is_distilled_from_a_cache()
    {
        var (teacher, student, text) = (Path.Combine(Fixtures.Root, "models", "quickstart-teacher"), Of("renamed"), Of("text.jsonl"));
        Directory.CreateDirectory(student);
        foreach (var file in Directory.EnumerateFiles(teacher))
            File.Copy(file, Path.Combine(student, Path.GetFileName(file)));
        var tokenizer = JsonNode.Parse(File.ReadAllText(Path.Combine(student, "tokenizer.json")))!;
        var control = tokenizer["added_tokens"]!.AsArray().Last(token => (bool)token!["special"]!)!;
        control["content"] = "<|renamed|>";
        File.WriteAllText(Path.Combine(student, "tokenizer.json"), tokenizer.ToJsonString());
        File.WriteAllLines(text,
            Enumerable.Range(0, 600).Select(i => $$"""{"text": "Page {{i}} of a book that has {{600 - i}} more of them behind it."}"""));

        _ = Verb.Json($"cache {teacher} {text} --seq 16 --windows 8 --k 4 --output {Of("cache")}");
        _ = Verb.Json($"distill {student} --cache {Of("cache")} {text} --seq 16 --batch 2 --steps 2 --order sequential --output {Of("a")}");

        File.AppendAllText(text, """{"text": "One more page."}""");
        Assert.Contains("the data is",
            Verb.Refused(
                $"distill {student} --cache {Of("cache")} {text} --seq 16 --batch 2 --steps 2 --order sequential --output {Of("b")}"));
    }

    [Fact]
    public void Windows_that_the_cache_does_not_hold_are_named()
    {
        _ = Verb.Json(Capture("cache", "--windows 5"));
        Assert.Contains("does not hold window", Verb.Refused(Distill("a", $"--cache {Of("cache")}")));
    }

    [Theory]
    [InlineData("--k 128", "the vocabulary has 128 entries")]
    [InlineData("--temperature 0", "--temperature is 0; it must be a number above 0")]
    [InlineData("--encoding topk", "--encoding: topk is not known. Did you mean top-k?")]
    [InlineData("--encoding hidden --k 3", "--k is 3; encoding hidden keeps no likeliest entries")]
    public void Bad_input_is_one_line_and_leaves_nothing(string options, string message)
    {
        Assert.Contains(message, Verb.Refused(Capture("cache", options)));
        Assert.False(Path.Exists(Of("cache")));
        Assert.False(Path.Exists(Of("cache.run")));
    }

    /// <summary>The whole recipe with a cache and with hidden states: both run, and the first never loads the teacher again.</summary>
    [Theory]
    [InlineData("cache: { encoding: top-k, k: 8 }", "cache")]
    [InlineData("hidden: { layers: 3:2, embedding: true }", "distill")]
    [InlineData("loss: 0.5*reverse-kl + 0.5*cross-entropy, temperature: 2, temperature-squared: true", "distill")]
    public void Recipes_take_caches_hidden_states_and_any_loss(string keys, string stage)
    {
        var recipe = Of("recipe.yaml");
        File.WriteAllText(recipe,
            $"teacher: {Verb.Tiny}\ndata: {{ train: {_ids}, held-out: 10%, sequence: 32 }}\nprune: {{ hidden: 32 }}\nscore: {{ samples: 16 "
                + $"}}\ndistill: {{ steps: 3, batch: 2, {keys} }}\n");
        var result = Verb.Json($"compress {recipe} --output {Of("run")}");
        Assert.Contains(result.GetProperty("stages").EnumerateArray(), row => row.GetProperty("stage").GetString() == stage);
        var plan = Verb.Json($"plan {recipe}");
        Assert.Equal(stage == "cache",
            plan.GetProperty("disk").EnumerateArray().Any(row => row.GetProperty("what").GetString() == "teacher's distributions"));
    }

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }
}
