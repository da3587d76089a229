using System.Text;
using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Tests.Data.Records;

/// <summary>JSON lines as Python's json writes them.</summary>
public sealed class LenientJsonTests : IDisposable
{
    private readonly DataFixture _data = new();
    private readonly SkipCounts _skips = new();

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("-Infinity")]
    [InlineData("[1, NaN, {\"x\": -Infinity}]")]
    [InlineData("1e999")]
    public void Not_a_number_in_another_field_keeps_the_document(string value)
    {
        var file = _data.Write("a.jsonl", $$"""{"score": {{value}}, "text": "NaN and \"Infinity\" stay", "more": {{value}}}""");
        Assert.Equal(["NaN and \"Infinity\" stay"], DataFixture.Texts(_skips, file));
        Assert.Equal("", _skips.ToString());
    }

    [Theory]
    [InlineData("""a\ud83d b""", "a\uFFFD b")]
    [InlineData("""a\uDE00""", "a\uFFFD")]
    [InlineData("""\ud83d\ud83d\ude00""", "\uFFFD\U0001F600")]
    [InlineData("""\\ud83d \ud83d""", "\\ud83d \uFFFD")]
    [InlineData("""\ud83d\u0041""", "\uFFFDA")]
    public void Half_a_surrogate_pair_becomes_one_replacement_character(string escaped, string expected)
    {
        var file = _data.Write("a.jsonl", $$"""{"text": "{{escaped}}", "score": NaN}""");
        Assert.Equal([expected], DataFixture.Texts(_skips, file));
        Assert.Equal("1 repaired-utf8", _skips.ToString());
    }

    [Fact]
    public void Half_a_pair_in_another_field_or_in_a_name_harms_nothing()
    {
        var file = _data.Write("a.jsonl", """
            {"title": "\ud83d", "text": "one"}
            {"\ud83d": 1, "text": "two"}
            """);
        Assert.Equal(["one", "two"], DataFixture.Texts(_skips, file));
    }

    [Fact]
    public void The_last_of_a_name_that_is_there_twice_counts_as_it_does_in_Python()
    {
        var file = _data.Write("a.jsonl", """{"text": "first", "id": 1, "id": 2, "text": "last"}""");
        Assert.Equal(["last"], DataFixture.Texts(_skips, file));
    }

    [Fact]
    public void Control_characters_inside_a_string_are_kept()
    {
        var file = _data.Write("a.jsonl", "{\"text\": \"a\tb\u0001c\"}\r\n{\"text\": \"d\"}\r\n");
        Assert.Equal(["a\tb\u0001c", "d"], DataFixture.Texts(_skips, file));
        Assert.Equal("", _skips.ToString());
    }

    [Fact]
    public void Byte_order_marks_in_the_middle_and_deep_nesting_are_read()
    {
        var deep = string.Concat(Enumerable.Repeat("[", 500)) + string.Concat(Enumerable.Repeat("]", 500));
        var file = _data.Write("a.jsonl", $"\uFEFF{{\"text\": \"one\"}}\n\uFEFF{{\"text\": \"two\", \"deep\": {deep}}}\n");
        Assert.Equal(["one", "two"], DataFixture.Texts(_skips, file));
        Assert.Equal("", _skips.ToString());
    }

    [Theory]
    [InlineData("""{"text": "x",}""")]
    [InlineData("""{"text": "x"} // why""")]
    [InlineData("""{'text': 'x'}""")]
    [InlineData("""{"text": "x", "n": -NaN}""")]
    [InlineData("""{"text": "x", "n": NaNs}""")]
    [InlineData("""{"text": "x" "y": 1}""")]
    [InlineData("{\"text\": \"x\", \"y\": \"\\")]
    [InlineData("""{"text": "\u12"}""")]
    [InlineData("""{"text": "\x41"}""")]
    public void What_Python_refuses_is_counted(string line)
    {
        Assert.Empty(DataFixture.Texts(_skips, _data.Write("a.jsonl", line)));
        Assert.Equal("1 malformed-json", _skips.ToString());
        Assert.Contains("a.jsonl:1 is not valid JSON", _skips.Describe(), StringComparison.Ordinal);
        Assert.DoesNotContain("LineNumber", _skips.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void Mutated_records_give_a_text_or_a_reason_and_never_anything_else()
    {
        var random = new Random(11);
        var whole =
            Encoding.UTF8.GetBytes(
                """{"a": NaN, "messages": [{"role": "user", "content": [{"type": "text", "text": "h\ud83di"}]}], "b": -Infinity, "text": "x\u00e9"}""");
        for (var round = 0; round < 5_000; round++)
        {
            var line = whole.ToArray();
            for (var i = random.Next(1, 4); i > 0; i--)
                line[random.Next(line.Length)] = (byte)random.Next(256);
            line = line[..random.Next(1, line.Length + 1)];
            var counts = new SkipCounts();
            var text = JsonRecord.Text(line, "a.jsonl:1", null, counts);
            Assert.True(text is not null || counts.LostText || counts[SkipReason.EmptyDocument] == 1);
            Assert.DoesNotContain('\n', counts.Describe());
        }
    }
}
