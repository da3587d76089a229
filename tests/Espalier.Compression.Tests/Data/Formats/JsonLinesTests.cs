using System.Text;
using Espalier.Compression.Data.Records;
using FsCheck;
using FsCheck.Fluent;

namespace Espalier.Compression.Tests.Data.Formats;

public sealed class JsonLinesTests : IDisposable
{
    private readonly DataFixture _data = new();
    private readonly SkipCounts _skips = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Bad_lines_are_skipped_and_counted_by_reason()
    {
        var file = _data.Write("a.jsonl", """
            {"text":"good"}
            {"text":
            [1,2]
            {"body":"no text"}
            {"text":7}
            {"text":"  \n "}
            {"text":"\ud800"}

            {"text":"nul\u0000 and \r\n line"}
            """);
        Assert.Equal(["good", "\uFFFD", "nul and \n line"], DataFixture.Texts(_skips, file));
        Assert.Equal("1 empty-document, 2 malformed-json, 2 missing-field, 1 repaired-utf8, 1 removed-nul", _skips.ToString());
    }

    [Fact]
    public void Field_option_names_another_field()
    {
        var file = _data.Write("a.jsonl", """{"text":"no","body":"yes"}""");
        Assert.Equal(["yes"], DataFixture.Texts(_skips, file + ";field=body"));
    }

    [Fact]
    public void Line_above_the_limit_is_skipped_once_and_the_next_is_read()
    {
        var file = _data.Write("a.jsonl", $"{{\"text\":\"{new string('x', 5000)}\"}}\n{{\"text\":\"next\"}}\n");
        Assert.Equal(["next"], DataFixture.Texts(_skips, file + ";max-line-bytes=256"));
        Assert.Equal("1 long-line", _skips.ToString());
    }

    [Fact]
    public void Invalid_utf8_inside_a_string_is_repaired()
    {
        var file = _data.Write("a.jsonl", [.. "{\"text\":\"a"u8, 0xC3, .. "b\"}"u8]);
        Assert.Equal(["a\uFFFDb"], DataFixture.Texts(_skips, file));
        Assert.Equal("1 repaired-utf8", _skips.ToString());
    }

    [Fact]
    public void Any_valid_texts_come_back_exactly() => Prop.ForAll(
        ArbMap.Default.ArbFor<NonNull<string>[]>(),
        texts =>
        {
            string[] valid = [.. texts.Select(text => text.Get)
                .Where(text => !string.IsNullOrWhiteSpace(text) && !text.Contains('\0') && !text.Contains('\r')
                    && Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) == text)];
            var file = _data.Write("p.jsonl", string.Join('\n', valid.Select(text => new JsonObject { ["text"] = text }.ToJsonString())));
            return DataFixture.Texts(new SkipCounts(), file).SequenceEqual(valid);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_bytes_are_read_without_an_exception() => Prop.ForAll(
        ArbMap.Default.ArbFor<byte[]>(),
        bytes =>
        {
            var file = _data.Write("p.jsonl", [.. "{\"text\":\"ok\"}\n"u8, .. bytes]);
            return DataFixture.Texts(new SkipCounts(), file).Contains("ok");
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Mutated_lines_never_harm_their_neighbours()
    {
        var random = new Random(5);
        for (var round = 0; round < 300; round++)
        {
            var line = Encoding.UTF8.GetBytes("""{"id": 7, "text": "some words \u00e9 here", "more": [1, {"a": null}]}""");
            for (var i = 0; i < 3; i++)
                line[random.Next(line.Length)] = (byte)random.Next(256);
            var file = _data.Write("p.jsonl", [.. "{\"text\":\"first\"}\n"u8, .. line, .. "\n{\"text\":\"last\"}"u8]);
            var texts = DataFixture.Texts(new SkipCounts(), file);
            Assert.Equal("first", texts[0]);
            Assert.Equal("last", texts[^1]);
        }
    }
}
