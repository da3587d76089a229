using Espalier.Compression.Synthesis;
using Espalier.Evaluation.Synthesis;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Texts;

/// <summary>Which written texts are dropped for their language, and for a benchmark's questions in them.</summary>
public sealed class SynthesisFiltersTests : IDisposable
{
    private const string Thirteen = "one two three four five six seven eight nine ten eleven twelve thirteen";

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("en", "The house stands near the river, and there is nobody in it.", false)]
    [InlineData("de", "The house stands near the river, and there is nobody in it.", true)]
    [InlineData("de", "Das Haus steht am Fluss, und es ist niemand darin.", false)]
    [InlineData("en", "房子在河边。", true)]
    [InlineData("en", "42", false)]
    public void A_text_of_another_language_is_dropped(string language, string text, bool drops)
    {
        var filter = Assert.Single(Of(new() { Language = language }).Filters);
        Assert.Equal("language", filter.Reason);
        Assert.Equal(drops, filter.Drops(Written(text)));
    }

    [Fact]
    public void A_language_that_nobody_knows_is_refused() =>
        Assert.Contains("known: ar,", Assert.Throws<EspalierException>(() => Of(new() { Language = "xx" })).Message);

    [Fact]
    public void Thirteen_words_of_a_text_to_keep_out_are_found_in_prompts_and_answers()
    {
        File.WriteAllText(_folder.Of("test.jsonl"), $"{{\"text\": \"Before. {Thirteen}, after.\"}}\n");
        var filters = Of(new() { Decontaminate = [_folder.Of("test.jsonl")] });
        var filter = Assert.Single(filters.Filters);
        Assert.Equal("contaminated", filter.Reason);
        Assert.True(filter.Drops(Written($"So: {Thirteen.ToUpperInvariant()}!")));
        Assert.False(filter.Drops(Written(Thirteen["one ".Length..])));
        Assert.True(filter.Drops(new(new("p", [1]) { Text = Thirteen }, Text("Well."))));
        File.AppendAllText(_folder.Of("test.jsonl"), "{\"text\": \"More.\"}\n");
        var both = Of(new() { Decontaminate = [_folder.Of("test.jsonl")] }).Hash;
        Assert.NotEqual(filters.Hash, both);
        // Another order of the same texts drops the same, and so does a text that comes twice.
        File.WriteAllText(_folder.Of("more.jsonl"), $"{{\"text\": \"More.\"}}\n{{\"text\": \"Before. {Thirteen}, after.\"}}\n");
        Assert.Equal(both, Of(new() { Decontaminate = [_folder.Of("more.jsonl"), _folder.Of("test.jsonl")] }).Hash);
    }

    [Fact]
    public void The_questions_of_a_benchmark_are_kept_out()
    {
        var task = Path.Combine(Fixtures.Root, "tasks", "endings", "endings.yaml");
        var filter = Assert.Single(Of(new() { Decontaminate = [task] }).Filters);
        using var document = System.Text.Json.JsonDocument.Parse(
            File.ReadLines(Directory.GetFiles(Path.GetDirectoryName(task)!, "*.jsonl").Single()).First());
        var question = document.RootElement.EnumerateObject()
            .Where(field => field.Value.ValueKind == System.Text.Json.JsonValueKind.String).MaxBy(field => field.Value.GetString()!.Length);
        Assert.True(filter.Drops(Written($"And then, {question.Value.GetString()}")));
        Assert.False(filter.Drops(Written("Nothing of the kind was ever asked of anybody in this house, as far as I know, my dear.")));
    }

    [Theory]
    [InlineData("gsm8k", true)]
    [InlineData("gsm8", true)]
    [InlineData("tasks/endings/endings.yaml", true)]
    [InlineData("notes.txt", false)]
    [InlineData("docs/**/*.md", false)]
    [InlineData("dotnet-docs", false)]
    public void A_name_without_a_file_is_a_benchmarks(string name, bool isTask) => Assert.Equal(isTask, SynthesisFilters.IsTask(name));

    public void Dispose() => _folder.Dispose();

    private static SynthesisFilters Of(SynthesisOptions options) => SynthesisFilters.Of(options, null, NullProgress.Instance, default);

    private static WrittenAfter Written(string text) => new(new(null, [1]), Text(text));

    private static WrittenText Text(string text) => new(0, text, 20, -20, 0, WrittenEnd.Eos);
}
