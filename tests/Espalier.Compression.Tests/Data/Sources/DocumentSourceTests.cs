using System.Text;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Sources;

namespace Espalier.Compression.Tests.Data.Sources;

public sealed class DocumentSourceTests : IDisposable
{
    private readonly DataFixture _data = new();
    private readonly SkipCounts _skips = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Folder_gives_files_of_known_kinds_in_ordinal_order()
    {
        _data.Write("b/two.md", "two");
        _data.Write("a/one.txt", "one");
        _data.Write("B.jsonl", """{"text":"zero"}""");
        _data.Write("c.jsonl.gz", DataFixture.Gzip("""{"text":"three"}"""));
        _data.Write("ignored.bin", "no");
        _data.Write(".hidden/four.txt", "no");
        Assert.Equal(["zero", "one", "two", "three"], DataFixture.Texts(_skips, _data.Folder));
    }

    [Fact]
    public void A_model_in_place_of_a_text_is_refused_and_its_page_may_be_named()
    {
        _data.Write("m/README.md", "page");
        _data.Write("m/config.json", "{}");
        Assert.Equal(["page"], DataFixture.Texts(_skips, _data.At("m")));
        _data.Write("m/model.safetensors", "weights");
        Assert.Contains("is a model folder, not text",
            Assert.Throws<EspalierException>(() => DataFixture.Texts(_skips, _data.At("m"))).Message, StringComparison.Ordinal);
        Assert.Equal(["page"], DataFixture.Texts(_skips, _data.At("m/*.md")));
    }

    [Theory]
    [InlineData("p.txt", "p.txt")]
    [InlineData("p.unknown", "p.unknown")]
    [InlineData("p.txt", "*.txt")]
    [InlineData("p.txt", "")]
    public async Task A_pipe_is_refused_and_never_waited_for(string name, string spec)
    {
        _data.Write("a.md", "text");
        using (var made = System.Diagnostics.Process.Start("mkfifo", [_data.At(name)]))
            await made.WaitForExitAsync();
        var reading = Task.Run(() => DataFixture.Texts(_skips, _data.At(spec)));
        var error = await Assert.ThrowsAsync<EspalierException>(() => reading.WaitAsync(TimeSpan.FromMinutes(5)));
        Assert.Contains($"{name}': is a pipe or a device, which cannot be read twice; save it to a file", error.Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("**/*.md", "deep,top")]
    [InlineData("*.md", "top")]
    [InlineData("*/*/x?.md", "deep")]
    [InlineData("**", "deep,other,top")]
    public void Pattern_matches_names_and_folders(string pattern, string expected)
    {
        _data.Write("a/b/x1.md", "deep");
        _data.Write("top.md", "top");
        _data.Write("other.txt", "other");
        Assert.Equal(expected.Split(','), DataFixture.Texts(_skips, _data.At(pattern)));
    }

    [Theory]
    [InlineData("missing.txt", "no such file or folder")]
    [InlineData("*.md", "matches no file")]
    [InlineData("a.bin", "it is not text: a NUL byte at 0")]
    [InlineData("a.txt;feild=x", "unknown or empty option 'feild'")]
    [InlineData("a.txt;document-bytes=3", "document-bytes is '3'")]
    public void What_is_not_there_is_refused_by_name(string spec, string reason)
    {
        _data.Write("a.bin", "\0x");
        _data.Write("a.txt", "x");
        var error = Assert.Throws<EspalierException>(() => DocumentSource.Parse(_data.At(spec)));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(spec), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Folder_links_are_not_followed_in_a_ring()
    {
        _data.Write("a/one.txt", "one");
        Directory.CreateSymbolicLink(_data.At("a", "ring"), _data.Folder);
        Assert.Equal(["one"], DataFixture.Texts(_skips, _data.Folder));
    }

    [Fact]
    public void Bom_crlf_and_nul_are_cleaned()
    {
        var file = _data.Write("a.txt", [0xEF, 0xBB, 0xBF, .. "one\r\ntw\0o\rthree"u8]);
        Assert.Equal(["one\ntwo\nthree"], DataFixture.Texts(_skips, file));
        Assert.Equal("1 removed-nul", _skips.ToString());
    }

    [Fact]
    public void Invalid_utf8_is_replaced_and_counted()
    {
        var file = _data.Write("a.txt", [.. "good\nb"u8, 0xFF, .. "d\n"u8]);
        Assert.Equal(["good\nb\uFFFDd"], DataFixture.Texts(_skips, file));
        Assert.Equal(1, _skips[SkipReason.RepairedUtf8]);
    }

    [Fact]
    public void Utf16_files_are_skipped_and_counted()
    {
        var file = _data.Write("a.txt", [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes("hello")]);
        Assert.Empty(DataFixture.Texts(_skips, file));
        Assert.Equal(1, _skips[SkipReason.UnsupportedEncoding]);
    }

    [Fact]
    public void Separator_lines_end_documents()
    {
        var file = _data.Write("a.txt", "one\n\nmore\n<|endoftext|>\ntwo\n<|endoftext|>\n");
        Assert.Equal(["one\n\nmore", "two"], DataFixture.Texts(_skips, file));
        Assert.Equal("", _skips.ToString());
        Assert.Equal(["one\n\nmore\n<|endoftext|>\ntwo\n<|endoftext|>"], DataFixture.Texts(_skips, file + ";separator="));
    }

    [Fact]
    public void Long_text_is_cut_at_blank_lines_without_losing_a_paragraph()
    {
        var paragraphs = Enumerable.Range(0, 400).Select(i => $"Paragraph {i} has some words in it.").ToArray();
        var texts = DataFixture.Texts(_skips, _data.Write("a.md", string.Join("\n\n", paragraphs)) + ";document-bytes=512");
        Assert.True(texts.Count > 20);
        Assert.Equal(paragraphs, texts.SelectMany(text => text.Split("\n\n")));
    }

    [Fact]
    public void Huge_line_comes_in_pieces_that_never_cut_a_character()
    {
        var text = string.Concat(Enumerable.Repeat("aä語🙂", 20_000));
        var texts = DataFixture.Texts(_skips, _data.Write("a.txt", text) + ";document-bytes=256");
        Assert.All(texts, piece => Assert.InRange(Encoding.UTF8.GetByteCount(piece), 1, 8 * 256));
        Assert.Equal(text, string.Concat(texts));
        Assert.Equal("", _skips.ToString());
    }

    [Fact]
    public void Truncated_gzip_gives_what_came_before_and_is_counted()
    {
        var lines = string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{{\"text\":\"document {i * 7919 % 10007} {i}\"}}\n"));
        var packed = DataFixture.Gzip(lines);
        var texts = DataFixture.Texts(_skips, _data.Write("a.jsonl.gz", packed[..(packed.Length / 2)]));
        Assert.InRange(texts.Count, 1, 19_999);
        Assert.Equal("1 truncated-file", _skips.ToString());
    }

    [Fact]
    public void Gzip_of_several_members_is_read_whole()
    {
        var file = _data.Write("a.jsonl.gz", [.. DataFixture.Gzip("{\"text\":\"one\"}\n"), .. DataFixture.Gzip("{\"text\":\"two\"}\n")]);
        Assert.Equal(["one", "two"], DataFixture.Texts(_skips, file));
        Assert.Equal("", _skips.ToString());
    }

    [Theory]
    [InlineData("a byte behind it", 2)]
    [InlineData("its header is damaged", 1)]
    [InlineData("its header is cut", 1)]
    [InlineData("its text is cut", 1)]
    [InlineData("its checksum is cut", 2)]
    [InlineData("its checksum is another", 2)]
    public void A_later_member_that_is_not_whole_is_counted(string damage, int texts)
    {
        byte[] first = DataFixture.Gzip("{\"text\":\"one\"}\n"), second = DataFixture.Gzip("{\"text\":\"two\"}\n");
        byte[] damaged = damage switch
        {
            "a byte behind it" => [.. second, 7],
            "its header is damaged" => [0x1e, .. second[1..]],
            "its header is cut" => second[..5],
            "its text is cut" => second[..14],
            "its checksum is cut" => second[..^3],
            _ => [.. second[..^8], .. new byte[8]],
        };
        Assert.Equal(
            ((string[])["one", "two"])[..texts], DataFixture.Texts(_skips, _data.Write("a.jsonl.gz", [.. first, .. damaged])));
        Assert.Equal("1 truncated-file", _skips.ToString());
    }

    [Fact]
    public void Gzip_may_have_names_and_fields_in_its_header_and_zeros_behind_it()
    {
        var plain = DataFixture.Gzip("{\"text\":\"one\"}\n");
        byte[] named = [.. plain[..3], 2 | 4 | 8 | 16, .. plain[4..10], 3, 0, 1, 2, 3, .. "name\0comment\0"u8, 9, 9, .. plain[10..]];
        Assert.Equal(["one", "one"], DataFixture.Texts(_skips, _data.Write("a.jsonl.gz", [.. named, .. named, .. new byte[20_000]])));
        Assert.Equal("", _skips.ToString());
    }

    [Fact]
    public void Gzip_members_without_a_text_may_stand_anywhere()
    {
        byte[] text = DataFixture.Gzip("{\"text\":\"one\"}\n"), none = [.. text[..10], 3, 0, .. new byte[8]];
        Assert.Equal(
            ["one", "one"], DataFixture.Texts(_skips, _data.Write("a.jsonl.gz", [.. none, .. text, .. none, .. none, .. text, .. none])));
        Assert.Equal("", _skips.ToString());
    }

    [Fact]
    public void Damaged_gzip_is_counted_not_thrown()
    {
        var texts = DataFixture.Texts(_skips, _data.Write("a.txt.gz", "this is no gzip"));
        Assert.Empty(texts);
        Assert.Equal(1, _skips[SkipReason.TruncatedFile]);
    }

    [Fact]
    public void Progress_ends_at_the_size_of_all_files()
    {
        _data.Write("a.txt", "one");
        _data.Write("b.jsonl.gz", DataFixture.Gzip("""{"text":"two"}"""));
        var source = DocumentSource.Parse(_data.Folder);
        var context = new ReadContext();
        Assert.Equal(2, source.Read(context).Count());
        Assert.Equal(source.TotalBytes, context.BytesRead);
    }
}
