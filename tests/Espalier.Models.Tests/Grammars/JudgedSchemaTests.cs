using Espalier.Models.Grammars;
using Espalier.Models.Grammars.Schemas;
using Espalier.Tests;

namespace Espalier.Models.Tests.Grammars;

/// <summary>
/// Random schemas and texts as ajv judges them (tests/oracles/text/schemas.mjs): those in tests/golden/schemas, and others where
/// <c>ESPALIER_SCHEMA_CASES</c> names them; then what is written for each comes to a file beside it, for ajv to judge.
/// </summary>
public sealed class JudgedSchemaTests
{
    private const string Variable = "ESPALIER_SCHEMA_CASES";

    [Fact]
    public void What_ajv_takes_is_taken_and_what_it_refuses_is_refused() =>
        Assert.InRange(Judge(Path.Combine(Fixtures.Root, "tests", "golden", "schemas", "cases.jsonl")), 2000, 100_000);

    [SkippableCasesFact]
    public void Other_schemas_are_judged_alike_and_what_is_written_for_them_is_kept_for_a_judge()
    {
        var file = Environment.GetEnvironmentVariable(Variable)!;
        Judge(file);
        var random = new Random(6);
        using var written = new StreamWriter($"{file}.written");
        foreach (var (line, text) in File.ReadLines(file).Index())
        {
            var grammar = Of(JsonDocument.Parse(text).RootElement.GetProperty("schema"));
            string[] texts = [.. Enumerable.Range(0, 20).Select(_ => grammar.Write(random, 1000)).OfType<string>()];
            written.WriteLine(new JsonObject { ["line"] = line, ["texts"] = new JsonArray([.. texts.Select(static one => (JsonNode)one)]) }
                .ToJsonString());
        }
    }

    private static int Judge(string file)
    {
        var (wrong, count) = (new List<string>(), 0);
        foreach (var line in File.ReadLines(file))
        {
            using var judged = JsonDocument.Parse(line);
            var schema = judged.RootElement.GetProperty("schema");
            var grammar = Of(schema);
            foreach (var pair in judged.RootElement.GetProperty("texts").EnumerateArray())
            {
                var (text, fits) = (pair[0].GetString()!, pair[1].GetBoolean());
                count++;
                if (grammar.Takes(text) != fits)
                    wrong.Add($"{schema.GetRawText()}\n    {text} {(fits ? "fits" : "does not fit")}");
            }
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count} of {count} texts are judged otherwise:\n{string.Join('\n', wrong.Take(20))}");
        return count;
    }

    private static Grammar Of(JsonElement schema)
    {
        try
        {
            return new(SchemaReader.Read(schema, "schema"));
        }
        catch (EspalierException error)
        {
            throw new InvalidOperationException($"{schema.GetRawText()}: {error.Message}", error);
        }
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class SkippableCasesFactAttribute : FactAttribute
    {
        public SkippableCasesFactAttribute()
        {
            if (Environment.GetEnvironmentVariable(Variable) is null)
                Skip = $"needs {Variable}, a file that tests/oracles/text/schemas.mjs makes";
        }
    }
}
