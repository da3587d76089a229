using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands;

/// <summary>docs/commands.md says what other programs may rely on: every field of its examples is printed.</summary>
public sealed class DocumentationTests : TorchTest
{
    [Theory]
    [InlineData("inspect", "inspect TEACHER")]
    [InlineData("init", "init TEACHER TEACHER/self-written.jsonl --output OUT/recipe.yaml")]
    [InlineData("evaluate", "evaluate TEACHER TEACHER/self-written.jsonl --seq 16 --windows 1 --threads 1")]
    [InlineData("generate", "generate TEACHER --ids 4080 --greedy --max-tokens 3 --threads 1")]
    [InlineData("need", "need TEACHER --ids IDS --reference IDS --seq 8 --threads 1")]
    [InlineData("score", "score TEACHER --ids 1,2,3 --samples 1 --seq 2 --threads 1")]
    [InlineData("depth", "depth TEACHER --ids IDS --metrics lm-loss --samples 1 --seq 8 --drop 2 --threads 1")]
    [InlineData("prune", "prune TEACHER --random --hidden 64 --output OUT/pruned")]
    [InlineData("export", "export TEACHER --output OUT/teacher.gguf")]
    [InlineData("synthesize", "synthesize TEACHER --count 2 --temperature 0 --max-tokens 6 --min-tokens 1 --keep-unfinished --threads 1 "
        + "--output OUT/written.jsonl")]
    [InlineData("cache", "cache TEACHER --ids IDS --seq 32 --windows 2 --threads 1 --output OUT/cache")]
    [InlineData("distill", "distill TEACHER --teacher TEACHER --ids IDS --held-out 0.1% --seq 32 --batch 1 --steps 1 --output OUT/student")]
    [InlineData("align", "align TEACHER --data DATA --held-out 20% --seq 32 --batch 1 --steps 1 --threads 1 --output OUT/aligned")]
    public void Every_field_of_the_example_is_printed(string command, string line)
    {
        using var folder = new TemporaryFolder();
        var printed =
            Verb.Json(line.Replace("TEACHER", Verb.Teacher, StringComparison.Ordinal).Replace("OUT", folder.Path, StringComparison.Ordinal)
                .Replace("IDS", Verb.TeacherIds, StringComparison.Ordinal)
                .Replace("DATA", Path.Combine(Fixtures.Root, "samples", "letters.jsonl"), StringComparison.Ordinal));
        AssertHas(Example(command), printed, command);
    }

    internal static JsonElement Example(string command)
    {
        var page = File.ReadAllText(Path.Combine(Fixtures.Root, "docs", "commands.md"));
        var section = page[page.IndexOf($"\n## {command}\n", StringComparison.Ordinal)..];
        var begin = section.IndexOf("```json\n", StringComparison.Ordinal) + "```json\n".Length;
        return JsonDocument.Parse(section[begin..section.IndexOf("\n```\n", begin, StringComparison.Ordinal)]).RootElement;
    }

    internal static void AssertHas(JsonElement documented, JsonElement printed, string place)
    {
        Assert.True(documented.ValueKind == printed.ValueKind, $"{place} is {printed.ValueKind}, documented as {documented.ValueKind}");
        if (documented.ValueKind == JsonValueKind.Array && documented.GetArrayLength() > 0)
            AssertHas(documented[0], printed[0], $"{place}[0]");
        if (documented.ValueKind == JsonValueKind.Object)
            foreach (var field in documented.EnumerateObject())
            {
                Assert.True(printed.TryGetProperty(field.Name, out var value), $"{place}.{field.Name} is documented and not printed");
                AssertHas(field.Value, value, $"{place}.{field.Name}");
            }
    }
}
