namespace Espalier.Models.Tests.Grammars;

/// <summary>Patterns, formats and lengths of texts: what fits, and what is refused by its name.</summary>
public sealed class SchemaTextTests
{
    [Theory]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"a😀\"")]
    [InlineData("""{"type":"string","pattern":"^[A-Z]{2}-\\d+$"}""", "\"AB-12\"")]
    [InlineData("""{"type":"string","pattern":"b"}""", "\"abc\"")]
    [InlineData("""{"type":"string","pattern":"^(a|b)*$","minLength":2,"maxLength":3}""", "\"aba\"")]
    [InlineData("""{"pattern":"^\\s[\"\\\\]$"}""", "\"\\n\\\"\"")]
    [InlineData("""{"type":"string","format":"date","pattern":"^2024"}""", "\"2024-02-29\"")]
    [InlineData("""{"minLength":1.0,"maxLength":3.0}""", "\"abc\"")]
    [InlineData("""{"minLength":1.0,"maxLength":3e0}""", "\"abcd\"", false)]
    [InlineData("""{"maxLength":2147483648}""", "\"abcd\"")]
    [InlineData("""{"type":"string","pattern":"^[A-Z]{2}-\\d+$"}""", "\"AB-\"", false)]
    [InlineData("""{"type":"string","pattern":"b"}""", "\"acd\"", false)]
    [InlineData("""{"type":"string","pattern":"^(a|b)*$","minLength":2,"maxLength":3}""", "\"abab\"", false)]
    [InlineData("""{"type":"string","format":"date"}""", "\"2100-02-29\"", false)]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"a\"", false)]
    [InlineData("""{"type":"string","minLength":2,"maxLength":3}""", "\"abcd\"", false)]
    public void Texts_fit_or_do_not(string schema, string text, bool fits = true) => SchemaExamples.Check(schema, text, fits);

    [Theory]
    [InlineData("""{"type":"string","pattern":5}""", "schema.pattern is 5; it must be a regular expression")]
    [InlineData("""{"type":"string","pattern":"(a)\\1"}""", "schema.pattern is (a)\\1 and has '\\1', which is not supported")]
    [InlineData("""{"type":"string","pattern":"(?=a)b"}""", "has '(?=a'")]
    [InlineData("""{"type":"string","pattern":"(?<!a)b"}""", "has '(?<!'")]
    [InlineData("""{"type":"string","pattern":"\\bword"}""", "has '\\b'")]
    [InlineData("""{"type":"string","pattern":"[a"}""",
        "schema.pattern is [a, which is not an ECMA-262 regular expression with the flag u: a '[' is not closed")]
    [InlineData("""{"type":"string","pattern":"[a-"}""", "a '[' is not closed")]
    [InlineData("""{"type":"string","pattern":"(a"}""", "a '(' is not closed")]
    [InlineData("""{"type":"string","pattern":"\\q"}""", "'\\q' means nothing")]
    [InlineData("""{"type":"string","pattern":"a{2"}""", "a '{' does not begin a count such as")]
    [InlineData("""{"type":"string","pattern":"a{5,2}"}""", "the count {5,2} ends below its start")]
    [InlineData("""{"type":"string","pattern":"a{9999999999}"}""", "has more than 1000 repetitions, which is not supported")]
    [InlineData("""{"type":"string","pattern":"a**"}""",
        "not an ECMA-262 regular expression with the flag u: '*' follows a repetition")]
    [InlineData("""{"type":"string","pattern":"\\p{Greek}"}""", "has '\\p{Greek}', no general category")]
    [InlineData("""{"type":"string","pattern":"(((a{1000}){1000}){1000})"}""", "more than 16384 states")]
    [InlineData("""{"type":"string","pattern":"^a[ab]{18}$|[ab]*a[ab]{18}$"}""", "schema: its patterns")]
    [InlineData("""{"type":"string","pattern":"^b$","maxLength":0}""", "no value fits")]
    [InlineData("""{"type":"string","pattern":"a^"}""", "no value fits")]
    [InlineData("""{"type":"string","format":"uri"}""", "schema.format is \"uri\"; it must be one of date, time")]
    [InlineData("""{"type":"string","minLength":-1}""", "schema.minLength is -1; it must be a whole number")]
    [InlineData("""{"type":"string","maxLength":3.5}""", "schema.maxLength is 3.5; it must be a whole number")]
    [InlineData("""{"type":"string","minLength":3,"maxLength":2}""", "no value fits")]
    [InlineData("""{"properties":{"a":{"type":"string","minLength":3,"maxLength":2}},"required":["a"]}""",
        "schema.properties.a: no value fits")]
    [InlineData("""
        {"properties":{"a":{"anyOf":[false,{"type":"null"}]},"b":{"minimum":3,"maximum":2},"c":{"minLength":1,"maxLength":0}},
         "required":["a","c"]}
        """, "schema.properties.c: no value fits")]
    public void What_would_not_be_kept_is_refused(string schema, string reason) =>
        Assert.Contains(reason, SchemaExamples.Refusal(schema));
}
