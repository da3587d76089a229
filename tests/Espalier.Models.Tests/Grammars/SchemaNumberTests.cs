namespace Espalier.Models.Tests.Grammars;

/// <summary>Bounds and multiples of numbers: what fits, and what is refused by its name.</summary>
public sealed class SchemaNumberTests
{
    [Theory]
    [InlineData("""{"type":"integer","minimum":-5,"exclusiveMaximum":120}""", "119")]
    [InlineData("""{"type":"integer","minimum":-5,"exclusiveMaximum":120}""", "-5")]
    [InlineData("""{"type":"integer","multipleOf":12}""", "-144")]
    [InlineData("""{"type":"integer","maximum":9223372036854775807}""", "999999999999999")]
    [InlineData("""{"type":"integer","minimum":1e15}""", "1000000000000000")]
    [InlineData("""{"type":"integer","minimum":1e15}""", "9007199254740991")]
    [InlineData("""{"type":"integer","minimum":1e15}""", "9007199254740993", false)]
    [InlineData("""{"type":"integer","maximum":-1000000000000000,"multipleOf":7}""", "-1000000000000008")]
    [InlineData("""{"type":"integer","maximum":-1000000000000000,"multipleOf":7}""", "-1000000000000006", false)]
    [InlineData("""{"minimum":1e15,"maximum":1000000000000001}""", "1000000000000001")]
    [InlineData("""{"type":"number","exclusiveMinimum":0,"maximum":1}""", "0.001")]
    [InlineData("""{"type":"number","exclusiveMinimum":0,"maximum":1}""", "1.0")]
    [InlineData("""{"type":"number","minimum":0,"multipleOf":0.25}""", "12.750")]
    [InlineData("""{"type":"integer","minimum":-5,"exclusiveMaximum":120}""", "120", false)]
    [InlineData("""{"type":"integer","minimum":-5,"exclusiveMaximum":120}""", "-6", false)]
    [InlineData("""{"type":"integer","multipleOf":12}""", "145", false)]
    [InlineData("""{"type":"number","exclusiveMinimum":0,"maximum":1}""", "0.0", false)]
    [InlineData("""{"type":"number","exclusiveMinimum":0,"maximum":1}""", "1.01", false)]
    [InlineData("""{"type":"number","exclusiveMaximum":1000}""", "999.99999999999999999", false)]
    [InlineData("""{"type":"number","minimum":0,"multipleOf":0.25}""", "12.7", false)]
    [InlineData("""{"type":"integer"}""", "12345678901234567", false)]
    public void Texts_fit_or_do_not(string schema, string text, bool fits = true) => SchemaExamples.Check(schema, text, fits);

    [Theory]
    [InlineData("""{"type":"number","multipleOf":0}""", "schema.multipleOf is 0; it must be a number above 0")]
    [InlineData("""{"type":"integer","exclusiveMinimum":true}""", "schema.exclusiveMinimum is true; it must be a number")]
    [InlineData("""{"type":"integer","minimum":1e999}""", "schema.minimum is 1e999; it must be a number with an exponent of at most 400")]
    [InlineData("""{"type":"integer","minimum":3,"maximum":2}""", "no value fits")]
    [InlineData("""{"type":"integer","minimum":3,"maximum":5,"multipleOf":7}""", "no value fits")]
    [InlineData("""{"type":"integer","multipleOf":1234567}""", "schema: its bounds and multipleOf need more than 4300 states")]
    [InlineData("""{"type":"integer","minimum":9007199254740992}""", "whole numbers from -9007199254740991 to 9007199254740991")]
    [InlineData("""{"type":"integer","exclusiveMaximum":-9007199254740991}""",
        "schema: its bounds and multipleOf allow only numbers that")]
    [InlineData("""{"exclusiveMinimum":0,"maximum":1e-20}""",
        "that a float64 cannot hold exactly: numbers written here have at most 15 digits")]
    [InlineData("""{"minimum":0.5,"maximum":0.5,"multipleOf":0.3}""", "no value fits")]
    [InlineData("""{"type":"integer","minimum":1e20,"maximum":100000000000000000001,"multipleOf":3}""", "no value fits")]
    [InlineData("""{"type":"integer","minimum":1e20,"maximum":100000000000000000002,"multipleOf":3}""", "cannot hold exactly")]
    [InlineData("""{"enum":["a"],"type":"integer"}""", "no value fits")]
    public void What_would_not_be_kept_is_refused(string schema, string reason) =>
        Assert.Contains(reason, SchemaExamples.Refusal(schema));
}
