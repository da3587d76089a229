using System.Text.Json.Serialization;
using Espalier.Compression.Data.Records;
using Parquet;
using Parquet.Serialization;

namespace Espalier.Compression.Tests.Data.Formats;

public sealed class ParquetTests : IDisposable
{
    private readonly DataFixture _data = new();
    private readonly SkipCounts _skips = new();

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData(CompressionMethod.None)]
    [InlineData(CompressionMethod.Snappy)]
    [InlineData(CompressionMethod.Zstd)]
    [InlineData(CompressionMethod.Gzip)]
    public async Task A_column_of_text_is_a_document_a_row_over_all_row_groups(CompressionMethod compression)
    {
        var rows = Enumerable.Range(0, 250).Select(i => new TextRow { Id = i, Text = i % 50 == 7 ? null : $"Row {i} says änything." })
            .ToArray();
        var file = await Write("a.parquet", rows, new() { CompressionMethod = compression, RowGroupSize = 100 });
        Assert.Equal(rows.Select(row => row.Text).OfType<string>(), DataFixture.Texts(_skips, file));
        Assert.Equal("5 missing-field", _skips.ToString());
        Assert.Contains("a.parquet: row 8 has id, text, but no text", _skips.Describe(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Conversations_are_rendered_turn_by_turn()
    {
        var file = await Write("a.parquet", new ChatRow[]
        {
            new() { Messages = [new() { Role = "user", Content = "Hi" }, new() { Role = "assistant", Content = "Hello\nthere" }] },
            new() { Messages = [] },
            new() { Messages = [new() { Role = "user", Content = null }, new() { Role = "assistant", Content = "alone" }] },
            new() { Messages = [new() { Role = "user", Content = "last" }] },
        });
        Assert.Equal(["user: Hi\n\nassistant: Hello\nthere", "assistant: alone", "user: last"], DataFixture.Texts(_skips, file));
        Assert.Equal("1 empty-document", _skips.ToString());
    }

    [Fact]
    public async Task A_field_names_the_column_and_a_wrong_one_is_refused_by_the_columns()
    {
        var file = await Write("a.parquet", new TextRow[] { new() { Id = 1, Text = "one" } });
        Assert.Equal(["one"], DataFixture.Texts(_skips, file + ";field=text"));
        Assert.Contains("has the columns id, text, but no txt. Did you mean text?", Refusal(file + ";field=txt"), StringComparison.Ordinal);
        Assert.Contains("id is neither a column of text", Refusal(file + ";field=id"), StringComparison.Ordinal);
        Assert.Contains("unpack it first", Refusal(_data.Write("a.parquet.gz", DataFixture.Gzip("x"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_files_are_refused_in_one_line_that_names_them()
    {
        var file =
            await Write("a.parquet",
                Enumerable.Range(0, 300).Select(i => new TextRow { Id = i, Text = $"Row {i * 7919 % 1009}" }).ToArray());
        var whole = File.ReadAllBytes(file);
        Assert.Contains("it does not begin with PAR1; write it again", Refusal(_data.Write("b.parquet", "this is no Parquet file")),
            StringComparison.Ordinal);
        Assert.Contains("it does not end with PAR1, so it is cut off", Refusal(_data.Write("c.parquet", whole[..(whole.Length / 2)])),
            StringComparison.Ordinal);
        Assert.Contains("it has 4 bytes", Refusal(_data.Write("d.parquet", "PAR1")), StringComparison.Ordinal);
        byte[] large = [.. whole[..^8], 255, 255, 255, 255, .. whole[^4..]], other = [.. whole[..^8], 9, 0, 0, 0, .. whole[^4..]];
        Assert.Contains($"its footer would have 4294967295 bytes, and the file has {whole.Length}",
            Refusal(_data.Write("e.parquet", large)), StringComparison.Ordinal);
        Assert.Contains("its data or its footer is damaged; write it", Refusal(_data.Write("f.parquet", other)), StringComparison.Ordinal);
        var random = new Random(9);
        var refused = 0;
        for (var round = 0; round < 400; round++)
        {
            var bytes = whole.ToArray();
            for (var i = random.Next(1, 4); i > 0; i--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            var path = _data.Write("p.parquet", bytes);
            try
            {
                DataFixture.Texts(new SkipCounts(), path);
            }
            catch (EspalierException error)
            {
                refused++;
                Assert.Contains("p.parquet", error.Message, StringComparison.Ordinal);
                Assert.DoesNotContain('\n', error.Message);
            }
        }
        Assert.InRange(refused, 1, 400);
    }

    private string Refusal(string spec) => Assert.Throws<EspalierException>(() => DataFixture.Texts(_skips, spec)).Message;

    private async Task<string> Write<T>(string name, T[] rows, ParquetOptions? options = null)
    {
        using var packed = new MemoryStream();
        await ParquetSerializer.SerializeAsync(rows, packed, options ?? new());
        return _data.Write(name, packed.ToArray());
    }

    private sealed class TextRow
    {
        [JsonPropertyName("id")]
        public int Id { get; set; }

        [JsonPropertyName("text")]
        public string? Text { get; set; }
    }

    private sealed class ChatRow
    {
        [JsonPropertyName("messages")]
        public List<Turn>? Messages { get; set; }
    }

    private sealed class Turn
    {
        [JsonPropertyName("role")]
        public string? Role { get; set; }

        [JsonPropertyName("content")]
        public string? Content { get; set; }
    }
}
