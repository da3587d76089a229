namespace Espalier.Models.Tests.Grammars;

/// <summary>Schemas of which exactly one may fit: they are shown to be apart, or refused.</summary>
public sealed class SchemaOneOfTests
{
    [Theory]
    [InlineData("""{"oneOf":[{"type":"null"},{"type":"integer"}]}""", "null")]
    [InlineData("""{"oneOf":[{"maximum":3},{"exclusiveMinimum":3}]}""", "4")]
    public void Texts_fit_or_do_not(string schema, string text, bool fits = true) => SchemaExamples.Check(schema, text, fits);

    [Theory]
    [InlineData("""{"items":{"oneOf":[{"type":"integer"},{"type":"number"}]}}""", "schema.items.oneOf: a value of [0] may also fit [1],")]
    [InlineData("""{"oneOf":[{"properties":{"a":{}}},{"properties":{"b":{}}}]}""", "schema.oneOf: a value of [0] may also fit [1],")]
    [InlineData("""{"oneOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}],"$defs":{"a":{"oneOf":[{"$ref":"#"}]}}}""", "may also fit")]
    public void What_would_not_be_kept_is_refused(string schema, string reason) =>
        Assert.Contains(reason, SchemaExamples.Refusal(schema));

    [Theory]
    [InlineData("ranges", 200)]
    [InlineData("values", 800)]
    [InlineData("kinds", 110)]
    [InlineData("lengths", 200)]
    public void Many_schemas_of_oneOf_are_told_apart_at_a_glance(string kind, int count)
    {
        // Of more ways than a grammar follows, a text of one of them may not be let in.
        var grammar = SchemaExamples.Of(One(count));
        if (kind is "ranges" or "values")
            Assert.True(grammar.Takes(kind == "ranges" ? $"{10 * count - 5}" : $"\"v{count - 1}\""));
        var twice = One(count).Insert("{\"oneOf\":[".Length, $"{Schema(count / 2)},");
        Assert.Contains($"a value of [0] may also fit [{count / 2 + 1}]", SchemaExamples.Refusal(twice));

        string One(int most) => $$"""{"oneOf":[{{string.Join(',', Enumerable.Range(0, most).Select(Schema))}}]}""";

        string Schema(int i) => kind switch
        {
            "ranges" => $$"""{"minimum":{{10 * i}},"exclusiveMaximum":{{10 * i + 10}}}""",
            "values" => $$"""{"enum":["v{{i}}",{{i}}]}""",
            "kinds" => $$"""{"required":["k"],"properties":{"k":{"const":"v{{i}}"},"n":{"type":"null"} } }""",
            _ => $$"""{"minLength":{{5 * i}},"maxLength":{{5 * i + 4}}}""",
        };
    }

    [Fact]
    public void What_is_too_large_to_be_told_apart_says_so_and_no_overlap_that_is_not_there()
    {
        var some = string.Join(',', Enumerable.Range(0, 200).Select(static i =>
            $$"""{"required":["a"],"properties":{"a":{"minimum":{{10 * i}},"exclusiveMaximum":{{10 * i + 10}} } } }"""));
        Assert.Contains("schema.oneOf: its 200 schemas are too large to prove distinct:",
            SchemaExamples.Refusal($$"""{"oneOf":[{{some}}]}"""));
        var many = string.Join(',', Enumerable.Range(0, 1001).Select(static i => $$"""{"const":{{i}}}"""));
        Assert.Contains("schema.oneOf has 1001 schemas; at most 1000 are allowed",
            SchemaExamples.Refusal($$"""{"oneOf":[{{many}}]}"""));
    }
}
