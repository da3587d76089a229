using System.Text;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Sources;
using ZstdSharp;

namespace Espalier.Compression.Tests.Data.Files;

/// <summary>Files as people have them: JSON, tables, zstd, source files, and what is no text.</summary>
public sealed class FileKindTests : IDisposable
{
    private readonly DataFixture _data = new();
    private readonly SkipCounts _skips = new();

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData("[{\"text\": \"one\"}, {\"text\": \"two\"}]")]
    [InlineData("[\n  {\n    \"text\": \"one\",\n    \"tags\": [\"a\", {\"b\": \"}\"}]\n  },\n  {\n    \"text\": \"two\"\n  }\n]\n")]
    [InlineData("\uFEFF[{\"text\": \"one\"},\r\n{\"text\": \"two\"}]\r\n")]
    [InlineData("{\"text\": \"one\"}\n{\"text\": \"two\"}\n")]
    [InlineData("{\n \"text\": \"one\"\n}\n{\n \"text\": \"two\"\n}\n")]
    [InlineData("{\"text\": \"one\"}{\"text\": \"two\"}")]
    [InlineData("[\"one\", \"two\"]")]
    [InlineData("[{\"text\": \"one\", \"n\": NaN}, {\"text\": \"two\", \"n\": Infinity}]")]
    public void Json_files_are_an_array_one_record_or_records_one_after_the_other(string json)
    {
        Assert.Equal(["one", "two"], DataFixture.Texts(_skips, _data.Write("a.json", json)));
        Assert.Equal(["one", "two"], DataFixture.Texts(_skips, _data.Write("b.json.gz", DataFixture.Gzip(json))));
        Assert.Equal(["one", "two"], DataFixture.Texts(_skips, _data.Write("c.json.zst", Zstd(json))));
        Assert.Equal("", _skips.ToString());
    }

    [Fact]
    public void One_record_over_several_lines_is_one_document()
    {
        var file = _data.Write("a.json", "{\n  \"title\": \"t\",\n  \"text\": \"one \\\"}{\\\" two\"\n}\n");
        Assert.Equal(["one \"}{\" two"], DataFixture.Texts(_skips, file));
        Assert.EndsWith("a.json:1", DocumentSource.Parse(file).Read(new ReadContext()).Single().Origin, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"text\": \"one\"}\n{\"text\": \"lost}\n{\"text\": \"two\"}\n")]
    [InlineData("{\"text\": \"one\"}\n{\"text\": \"lost\"\n{\"text\": \"two\"}\n")]
    [InlineData("[{\"text\": \"one\"},\n {\"text\": \"lost,\n  \"id\": 3},\n {\"text\": \"two\"}]")]
    [InlineData("{\"text\": \"one\"}\nlost\n{\"text\": \"two\"}\n")]
    [InlineData("[{\"text\": \"one\"}, 17, {\"text\": \"two\"}]")]
    [InlineData("[{\"text\": \"one\"}, {\"text\": \"two\"}, {\"text\": \"lo")]
    public void A_broken_record_is_counted_and_its_neighbours_are_read(string json)
    {
        Assert.Equal(["one", "two"], DataFixture.Texts(_skips, _data.Write("a.json", json)));
        Assert.Equal("1 malformed-json", _skips.ToString());
    }

    [Theory]
    [InlineData("[{\"text\": \"lost}, {\"text\": \"one\"}, {\"text\": \"two\"}, {\"text\": \"three\"}]")]
    [InlineData("[{\"text\": \"lost\", {\"text\": \"one\"}, {\"text\": \"two\"}, {\"text\": \"three\"}]")]
    [InlineData("[{\"text\": \"lost\" {\"text\": \"one\"}, {\"text\": \"two\"}, {\"text\": \"three\"}]")]
    [InlineData("[{\"text\": \"lost\",\n {\"text\": \"one\"},\n {\"text\": \"two\"},\n {\"text\": \"three\"}\n]")]
    [InlineData("[{\"n\": {\"text\": \"lost\"}, {\"text\": \"one\"},\n{\"text\": \"two\"}, {\"text\": \"three\"}]")]
    [InlineData("[{\"n\": [1, \"text\": \"lost\"}, {\"text\": \"one\"}, {\"text\": \"two\"}, {\"text\": \"three\"}]")]
    [InlineData("[{\"text\": lost\"}, {\"text\": \"one\"}, {\"text\": \"two\"}, {\"text\": \"three\"}]")]
    [InlineData("[{\"n\": [{\"text\": \"a\"}], \"text\": \"lost}, {\"text\": \"one\"}, {\"text\": \"two\"}, {\"text\": \"three\"}]")]
    public void A_broken_record_swallows_none_of_the_array_after_it(string json)
    {
        Assert.Equal(["one", "two", "three"], DataFixture.Texts(_skips, _data.Write("a.json", json)));
        Assert.Equal("1 malformed-json", _skips.ToString());
        Assert.Contains("a.json:1 begins a JSON record that never ends", _skips.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void Two_broken_records_one_after_the_other_cost_themselves()
    {
        var file = _data.Write("a.json", "[{\"text\": \"lost}, {\"text\": \"lost}, {\"text\": \"one\"},\n{\"text\": \"two\"}]");
        Assert.Equal(["a.json:1", "a.json:2"],
            DocumentSource.Parse(file).Read(new ReadContext()).Select(document => Path.GetFileName(document.Origin)));
        Assert.Equal(["one", "two"], DataFixture.Texts(_skips, file));
        Assert.Equal("2 malformed-json", _skips.ToString());
    }

    [Fact]
    public void A_text_of_broken_records_inside_each_other_is_read_in_few_passes()
    {
        // Each has all that follow inside: looked through again without end, a million bytes would be a hundred thousand million steps.
        var file = _data.Write("a.json", string.Concat(Enumerable.Repeat("{\"a\":[{}, {}, ", 70_000)));
        Assert.Equal([], DataFixture.Texts(_skips, file + ";max-line-bytes=10000000"));
        Assert.True(_skips[SkipReason.MalformedJson] > 0);
    }

    [Fact]
    public void A_record_above_the_limit_is_skipped_once()
    {
        var file = _data.Write("a.json", $"[{{\"text\": \"{new string('x', 300_000)}\"}}, {{\"text\": \"next\"}}]");
        Assert.Equal(["next"], DataFixture.Texts(_skips, file + ";max-line-bytes=1000"));
        Assert.Equal("1 long-line", _skips.ToString());
        Assert.Equal(2, DataFixture.Texts(new SkipCounts(), file).Count);
    }

    [Fact]
    public void Mutated_json_files_never_stop_the_reading()
    {
        var random = new Random(3);
        var whole =
            Encoding.UTF8.GetBytes(
                "[{\"text\": \"one\"},\n{\"text\": \"two\", \"n\": [1, {\"a\": \"}\"}]},\n{\"messages\": [{\"role\": \"user\", "
                    + "\"content\": \"x\"}]}]\n{\"text\": \"last\"}\n");
        for (var round = 0; round < 2_000; round++)
        {
            var bytes = whole.ToArray();
            for (var i = random.Next(1, 4); i > 0; i--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var counts = new SkipCounts();
            var texts = DataFixture.Texts(counts, _data.Write("p.json", bytes));
            Assert.True(texts.Count > 0 || counts.ToString().Length > 0);
        }
    }

    [Fact]
    public void Csv_is_read_by_the_names_of_its_columns()
    {
        var file = _data.Write("a.csv", "\uFEFFid,text,note\r\n1,\"one, \"\"two\"\"\nthree\",x\r\n2,four,\r\n\r\n3,,y\r\n");
        Assert.Equal(["one, \"two\"\nthree", "four"], DataFixture.Texts(_skips, file));
        Assert.Equal(["x", "y"], DataFixture.Texts(new SkipCounts(), file + ";field=note"));
        Assert.Equal("1 empty-document", _skips.ToString());
    }

    [Theory]
    [InlineData("a.csv", "prompt,completion\nWhy?,\" So.\"\n", "Why? So.")]
    [InlineData("a.csv", "id;text\n1;\"a;b\"\n", "a;b")]
    [InlineData("a.tsv", "id\ttext\n1\ta, b \"c\"\n", "a, b \"c\"")]
    [InlineData("a.csv", "text\nplain\n", "plain")]
    [InlineData("a.csv", "instruction,input,output\nAdd.,1 and 2,3\n", "Add.\n\n1 and 2\n\n3")]
    public void Tables_have_the_shapes_and_separators_that_people_use(string name, string table, string expected)
    {
        Assert.Equal([expected], DataFixture.Texts(_skips, _data.Write(name, table)));
        Assert.Equal([expected], DataFixture.Texts(_skips, _data.Write(name + ".gz", DataFixture.Gzip(table))));
        Assert.Equal("", _skips.ToString());
    }

    [Fact]
    public void A_row_that_is_broken_is_counted_and_the_next_are_read()
    {
        var file = _data.Write("a.csv", "id,text\n1,one\n2,\"never ends\n3,three\n4,four,five\n5,six\n");
        Assert.Equal(["one", "three", "six"], DataFixture.Texts(_skips, file));
        Assert.Equal("2 malformed-row", _skips.ToString());
        Assert.Contains("a.csv:3 has a quote that never ends", _skips.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_table_full_of_quotes_without_an_end_is_not_read_once_a_row()
    {
        const int Rows = 10_000;
        var file = _data.Write("a.csv", "id,text\n" + string.Concat(Enumerable.Repeat("a\"b,\"c\n", Rows)));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Empty(DataFixture.Texts(_skips, file));
        Assert.Equal($"{Rows} malformed-row", _skips.ToString());
        // A row that reaches to the end copies what is left of the file.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 3L << 30);
    }

    [Theory]
    [InlineData("id,body\n1,x\n", "", "has the columns id, body, but none of text, content")]
    [InlineData("id,body\n1,x\n", ";field=bdy", "has the columns id, body, but no bdy. Did you mean body?")]
    public void A_table_without_a_column_of_text_is_refused_by_its_columns(string table, string option, string expected)
    {
        var error = Assert.Throws<EspalierException>(() => DataFixture.Texts(_skips, _data.Write("a.csv", table) + option));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mutated_tables_never_stop_the_reading()
    {
        var random = new Random(4);
        var whole = Encoding.UTF8.GetBytes("text,id\n\"one\"\"s, two\",1\nthree,2\n\"four\nfive\",3\nsix,4\n");
        for (var round = 0; round < 2_000; round++)
        {
            var bytes = whole.ToArray();
            for (var i = random.Next(1, 4); i > 0; i--)
                bytes[random.Next("text,id\n".Length, bytes.Length)] = "\",\n\0x\r\xFF"u8[random.Next(7)];
            var counts = new SkipCounts();
            Assert.True(DataFixture.Texts(counts, _data.Write("p.csv", bytes)).Count > 0 || counts.LostText);
        }
    }

    [Theory]
    [InlineData("a.jsonl.zst", "{\"text\": \"one\"}\n{\"text\": \"two\"}\n")]
    [InlineData("a.txt.zst", "one\n<|endoftext|>\ntwo\n")]
    [InlineData("a.ndjson.zst", "{\"text\": \"one\"}\n{\"text\": \"two\"}\n")]
    [InlineData("a.csv.zst", "text\none\ntwo\n")]
    public void Zstd_is_read_also_in_several_frames(string name, string text)
    {
        var cut = text.IndexOf('\n', StringComparison.Ordinal) + 1;
        Assert.Equal(["one", "two"], DataFixture.Texts(_skips, _data.Write(name, Zstd(text))));
        Assert.Equal(["one", "two"], DataFixture.Texts(_skips, _data.Write(name, [.. Zstd(text[..cut]), .. Zstd(text[cut..])])));
        Assert.Equal("", _skips.ToString());
    }

    [Fact]
    public void Truncated_or_damaged_zstd_gives_what_came_before_and_is_counted()
    {
        var random = new Random(5);
        var lines = string.Concat(Enumerable.Range(0, 60_000).Select(i => $"{{\"text\":\"document {random.Next()} {i}\"}}\n"));
        var packed = Zstd(lines);
        var texts = DataFixture.Texts(_skips, _data.Write("a.jsonl.zst", packed[..(packed.Length / 2)]));
        Assert.InRange(texts.Count, 1, 59_999);
        Assert.Equal("1 truncated-file", _skips.ToString());
        Assert.Contains("a.jsonl.zst is damaged or truncated", _skips.Describe(), StringComparison.Ordinal);
        Assert.Empty(DataFixture.Texts(_skips, _data.Write("b.txt.zst", "this is no zstd")));
        Assert.Equal(2, _skips[SkipReason.TruncatedFile]);
    }

    [Fact]
    public void A_json_file_that_is_cut_is_counted_once()
    {
        var random = new Random(6);
        var packed =
            DataFixture.Gzip(
                "[" + string.Join(",\n", Enumerable.Range(0, 20_000).Select(i => $"{{\"text\":\"document {random.Next()} {i}\"}}")) + "]");
        Assert.InRange(DataFixture.Texts(_skips, _data.Write("a.json.gz", packed[..(packed.Length / 2)])).Count, 1, 19_999);
        Assert.Equal("1 truncated-file", _skips.ToString());
    }

    [Theory]
    [InlineData("wiki.test.raw")]
    [InlineData("wiki.test.tokens")]
    [InlineData("Program.cs")]
    [InlineData("Makefile")]
    [InlineData("notes.md.zst")]
    public void A_named_file_is_plain_text_whatever_its_ending(string name)
    {
        var text = " = Title = \n\n{\"text\": \"not json here\"}";
        var file = _data.Write(name, name.EndsWith(".zst", StringComparison.Ordinal) ? Zstd(text) : Encoding.UTF8.GetBytes(text));
        Assert.Equal(["= Title = \n\n{\"text\": \"not json here\"}"], DataFixture.Texts(_skips, file));
    }

    [Fact]
    public void A_pattern_with_its_ending_takes_source_files_and_counts_binary_ones()
    {
        _data.Write("src/a/One.cs", "one");
        _data.Write("src/Two.cs", "two");
        _data.Write("src/Bad.cs", [.. "three"u8, 0, 1, 2]);
        _data.Write("src/Other.txt", "other");
        Assert.Equal(["two", "one"], DataFixture.Texts(_skips, _data.At("src/**/*.cs")));
        Assert.Equal("1 binary-file", _skips.ToString());
        Assert.Contains("Bad.cs: it is not text: a NUL byte at 5", _skips.Describe(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-16LE", "UTF-16LE")]
    [InlineData("utf-16BE", "UTF-16BE")]
    public void Wide_text_without_a_mark_is_named_with_the_way_out(string encoding, string form)
    {
        var file = _data.Write("wide.txt", Encoding.GetEncoding(encoding).GetBytes("A sentence in another encoding, né.\n"));
        Assert.Empty(DataFixture.Texts(_skips, file));
        Assert.Contains($"iconv -f {form} -t UTF-8", _skips.Describe(), StringComparison.Ordinal);
        Assert.True(_skips.LostText);
    }

    [Fact]
    public void Text_in_single_bytes_says_how_to_convert_it()
    {
        var file = _data.Write("latin.txt", Encoding.Latin1.GetBytes("naïve café\n"));
        Assert.Equal(["na\uFFFDve caf\uFFFD"], DataFixture.Texts(_skips, file));
        Assert.Contains("iconv -f WINDOWS-1252 -t UTF-8", _skips.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_named_file_that_is_no_text_is_refused_with_the_reason()
    {
        var random = new Random(8);
        var noise = new byte[4096];
        random.NextBytes(noise);
        for (var i = 0; i < noise.Length; i++)
            noise[i] |= 1;
        foreach (var file in (string[])[_data.Write("a.bin", [1, 2, 0, 4]), _data.Write("b.dat", noise)])
            Assert.Contains($"data '{file}': it is not text", Assert.Throws<EspalierException>(() => DocumentSource.Parse(file)).Message,
                StringComparison.Ordinal);
        var ids = _data.Write("c.u16", [1, 1, 1, 1]);
        Assert.Contains("token ids cannot be mixed with text",
            Assert.Throws<EspalierException>(() => DocumentSource.Parse(_data.Write("d.txt", "x"), ids)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_stands_for_text_and_says_what_it_leaves_out()
    {
        _data.Write("a.txt", "a");
        _data.Write("b.ndjson", "{\"text\": \"b\"}");
        _data.Write("c.json.gz", DataFixture.Gzip("[{\"text\": \"c\"}]"));
        _data.Write("d.jsonl.zst", Zstd("{\"content\": \"d\"}"));
        _data.Write("config.json", "{}");
        _data.Write("table.csv", "text\nx\n");
        _data.Write("code.cs", "x");
        Assert.Equal(["a", "b", "c", "d"], DataFixture.Texts(_skips, _data.Folder));
        var note = Assert.Single(DocumentSource.Parse(_data.Folder).Notes);
        Assert.Contains("ignored 1 .csv, 1 .json", note, StringComparison.Ordinal);
        Assert.Equal(["x"], DataFixture.Texts(_skips, _data.At("*.csv")));
        Assert.Equal(["c"], DataFixture.Texts(_skips, _data.At("c.json*")));
    }

    [Fact]
    public void What_runs_wrote_is_no_part_of_a_folder()
    {
        _data.Write("a.txt", "a");
        _data.Write("runs/one/run.json", "{}");
        _data.Write("runs/one/stages/distill-0123/metrics.jsonl", "{\"text\": \"no\"}");
        _data.Write("runs/one/readme.txt", "no");
        Assert.Equal(["a"], DataFixture.Texts(_skips, _data.Folder));
        Assert.Equal(["a"], DataFixture.Texts(_skips, _data.At("**/*.txt")));
        Assert.Equal(["no"], DataFixture.Texts(_skips, _data.At("runs/one")));
    }

    [Theory]
    [InlineData("train.txr", "no such file or folder", "Did you mean", "train.txt?")]
    [InlineData("corpsu/a.txt", "no such file or folder", "Did you mean", "corpus?")]
    [InlineData("corpsu/*.txt", "no such folder", "Did you mean", "corpus?")]
    [InlineData("corpus/*.txt", "matches no file below", "there are 2 .rst, 1 .html", "corpus/*.txt")]
    [InlineData("corpus", "a folder without any file of a known kind", "there are 2 .rst, 1 .html", "corpus/**/*.")]
    [InlineData("corpus/*", "matches no file that is read unless its ending", "there are 2 .rst, 1 .html", "name the ending")]
    [InlineData("empty", "a folder without any file", "there are no files at all", "empty")]
    public void What_leads_nowhere_names_what_is_near(string spec, params string[] expected)
    {
        _data.Write("train.txt", "x");
        foreach (var name in (string[])["a.rst", "b.rst", "c.html"])
            _data.Write($"corpus/{name}", "x");
        Directory.CreateDirectory(_data.At("empty"));
        var error = Assert.Throws<EspalierException>(() => DocumentSource.Parse(_data.At(spec)));
        Assert.All(expected, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }

    private static byte[] Zstd(string text)
    {
        using var compressor = new Compressor(3);
        return compressor.Wrap(Encoding.UTF8.GetBytes(text)).ToArray();
    }
}
