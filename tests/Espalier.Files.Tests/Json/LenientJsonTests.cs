using System.Text;

namespace Espalier.Files.Tests.Json;

/// <summary>JSON as Python reads it, and no further.</summary>
public sealed class LenientJsonTests
{
    [Fact]
    public void Any_string_survives_however_it_is_escaped()
    {
        var random = new Random(7);
        for (var round = 0; round < 500; round++)
        {
            var characters = Enumerable.Range(0, random.Next(1, 12))
                .Select(_ => (char)(random.Next(4) == 0 ? random.Next(0xD800, 0xE000) : random.Next(1, 0x10000))).ToArray();
            var json = string.Concat(characters.Select(c => $"\\u{(int)c:x4}"));
            var expected = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(new string(characters)));
            Assert.Equal(expected,
                LenientJson.Read(Encoding.UTF8.GetBytes($"{{\"s\":\"{json}\",\"n\":NaN}}"), record => record.GetProperty("s").GetString(),
                    () => { }));
        }
    }

    [Fact]
    public void Valid_JSON_is_read_as_the_strict_reader_reads_it()
    {
        var json = Encoding.UTF8.GetBytes("""{"text": "a\\\"\/\b\f\n\r\té\u20ac😀", "n": [1.5e3, true, null]}""");
        using var strict = JsonDocument.Parse(json);
        Assert.Equal(strict.RootElement.GetProperty("text").GetString(),
            LenientJson.Read(json, record => record.GetProperty("text").GetString(), () => { }));
    }

    [Theory]
    [InlineData("""{"a": NaN}""", "a", "is NaN, which is not a JSON number; give a finite one")]
    [InlineData("""{"a": -Infinity}""", "a", "is -Infinity, which is not a JSON number; give a finite one")]
    [InlineData("""{"a": 1, "a": 2}""", "a", "appears twice, as 1 and as 2; keep one")]
    [InlineData("""{"a": "NaN", "b": "Infinity"}""", "a", null)]
    [InlineData("""{"a": 1, "a": 1}""", "a", null)]
    public void What_is_odd_in_a_config_is_known_for_whoever_reads_the_field(string json, string field, string? odd) =>
        Assert.Equal(odd, JsonOddities.Of(LenientJson.Parse(Encoding.UTF8.GetBytes(json))!.AsObject(), field));

    [Theory]
    [InlineData("{NaN: 1}")]
    [InlineData("{\"a\": \"b\tc\"}")]
    [InlineData("""{"a": nan}""")]
    [InlineData("""{"a": +Infinity}""")]
    public void What_Python_refuses_in_a_config_is_refused(string json) =>
        Assert.ThrowsAny<JsonException>(() =>
            LenientJson.Parse(Encoding.UTF8.GetBytes(json.Replace("\\t", "\t", StringComparison.Ordinal))));

    [Fact]
    public void Half_a_pair_in_a_record_is_replaced_and_said()
    {
        var said = 0;
        Assert.Equal("x\ufffdy",
            LenientJson.Read("""{"s": "x\ud83dy"}"""u8.ToArray(), record => record.GetProperty("s").GetString(), () => said++));
        Assert.Equal(1, said);
    }
}
