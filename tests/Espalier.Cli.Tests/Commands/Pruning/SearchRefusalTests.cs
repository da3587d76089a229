using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Pruning;

/// <summary>What a search refuses before any work, and the latency that it measures before it.</summary>
public sealed class SearchRefusalTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _ids;

    public SearchRefusalTests() =>
        _ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 4000).Select(i => i * i % 127));

    private string At(string name) => Path.Combine(_folder.Path, name);

    private string Recipe(string name, string search, string more = "")
    {
        File.WriteAllText(At(name), $$"""
            teacher: {{Verb.Tiny}}
            data: { train: {{_ids}}, held-out: 10%, sequence: 32 }
            score: { samples: 16 }
            search: { {{search}} }
            distill: { steps: 4, batch: 2, learning-rate: 3e-3, warm-up: 1, checkpoint-every: 1 }
            evaluate: [ held-out, { more: {{_ids}} } ]
            {{more}}
            """);
        return At(name);
    }

    [Fact]
    public void A_latency_that_is_asked_for_is_measured_and_kept()
    {
        var line = $"search {Recipe("r.yaml", "hidden: [32, 40], context: 8, decode: <= 100s")} --enumerate --output {At("run")}";
        Assert.Equal(2, Verb.Json(line).GetProperty("count").GetInt32());
        var kept = File.ReadAllText(At("run/latency.json"));
        Assert.Contains("decode 8: llama hidden 32", kept);
        Assert.Equal(2, Verb.Json(line).GetProperty("count").GetInt32());
        Assert.Equal(kept, File.ReadAllText(At("run/latency.json")));
    }

    [Theory]
    [InlineData("hidden: 32, parameters: <= 10",
        "none of the 1 shapes meets parameters <= 10. The nearest (layers/heads/ffn/hidden): 6/8/96/32 with parameters")]
    [InlineData("hidden: 64", "search.hidden is 64; it must be between 1 and the teacher's 48")]
    [InlineData("candidates: gone.json", "gone.json")]
    public void What_cannot_be_searched_is_one_line_before_any_work(string search, string expected)
    {
        foreach (var line in (string[])["search R --output RUN", "search R --enumerate", "plan R --gflops 1", "compress R --output RUN"])
            Assert.Contains(expected,
                Verb.Refused(line.Replace("RUN", At("run"), StringComparison.Ordinal)
                    .Replace("R ", Recipe("r.yaml", search) + " ", StringComparison.Ordinal)));
        Assert.False(Directory.Exists(At("run")));
    }

    [Theory]
    [InlineData("--write FILE", "--write is for --enumerate")]
    [InlineData("--enumerate --picture FILE", "--picture shows trained candidates, but --enumerate trains none")]
    public void Options_that_do_not_go_together_are_refused(string options, string expected) =>
        Assert.Contains(expected,
            Verb.Refused($"search {Recipe("r.yaml", "hidden: 32")} {options.Replace("FILE", At("file"), StringComparison.Ordinal)}"));

    [Fact]
    public void A_recipe_without_a_search_is_refused() =>
        Assert.Contains("has no search; add one", Verb.Refused($"search {Path.Combine(Fixtures.Root, "recipes", "quickstart.yaml")}"));

    public override void Dispose()
    {
        base.Dispose();
        _folder.Dispose();
    }
}
