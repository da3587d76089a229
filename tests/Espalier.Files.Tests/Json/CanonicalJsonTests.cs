using System.Text;

namespace Espalier.Files.Tests.Json;

/// <summary>One text for each value: the names of all stages' folders hang on it.</summary>
public sealed class CanonicalJsonTests
{
    [Theory]
    [InlineData("""{ "b": 1.0, "a": [1e-3, -0, 0.0] }""", """{"a":[0.001,0,0],"b":1}""")]
    [InlineData("[18446744073709551615, -9223372036854775808, 1E2, 1e400]", "[18446744073709551615,-9223372036854775808,100,1e400]")]
    [InlineData("""{"Z": null, "a": true, "A": "\u00e9<"}""", """{"A":"\u00E9\u003C","Z":null,"a":true}""")]
    [InlineData("0.1", "0.1")]
    [InlineData("1e-7", "1E-07")]
    public void Spelling_and_order_do_not_matter(string written, string canonical) =>
        Assert.Equal(canonical, Encoding.UTF8.GetString(CanonicalJson.Bytes(JsonNode.Parse(written))));

    [Fact]
    public void Nothing_is_null() => Assert.Equal("null"u8.ToArray(), CanonicalJson.Bytes(null));
}
