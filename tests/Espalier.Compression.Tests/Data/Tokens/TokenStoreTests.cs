using Espalier.Compression.Data.Tokens;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Data.Tokens;

public sealed class TokenStoreTests : IDisposable
{
    private readonly DataFixture _data = new();

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData(258, "uint16", 2)]
    [InlineData(65536, "uint16", 2)]
    [InlineData(65537, "int32", 4)]
    public void Ids_come_back_from_any_position(int vocabulary, string dtype, int width)
    {
        int[] ids = [.. Enumerable.Range(0, 50_000).Select(i => (int)(i * 7919L % vocabulary))];
        var folder = Write(vocabulary, ids[..20_000], ids[20_000..]);
        using var store = TokenStore.Open(folder);
        Assert.Equal(ids.Length, store.Count);
        Assert.Equal(dtype, store.Index.Dtype);
        Assert.Equal(width * 50_000, new FileInfo(Path.Combine(folder, "tokens.bin")).Length);
        Assert.Equal([0L, 20_000L], store.ReadDocumentStarts());
        Assert.Equal(store.Index.TokensSha256, ContentHash.OfFile(Path.Combine(folder, "tokens.bin")));

        var (part, wide) = (new int[20_001], new long[20_001]);
        store.Read(17_123, part);
        store.Read(17_123, wide);
        Assert.Equal(ids[17_123..(17_123 + 20_001)], part);
        Assert.Equal(part.Select(id => (long)id), wide);
        Assert.Throws<ArgumentOutOfRangeException>(() => store.Read(30_000, part));
        Assert.Throws<ArgumentOutOfRangeException>(() => store.Read(-1, part));
    }

    [Fact]
    public void Unfinished_store_leaves_nothing_behind()
    {
        using (var writer = new TokenStoreWriter(_data.At("s"), DataFixture.Bytes, "test"))
            writer.Append([1, 2, 3], 3);
        Assert.Empty(Directory.GetFileSystemEntries(_data.At("s")));
    }

    [Theory]
    [InlineData("\"version\": 1", "\"version\": 2", "this program knows only up to 1")]
    [InlineData("\"count\": 3", "\"count\": 4", "6 bytes, but 4 ids of 2 bytes take 8")]
    [InlineData("\"count\": 3", "\"count\": 9223372036854775807", "18446744073709551614")]
    [InlineData("\"documents\": 1", "\"documents\": 2", "documents.bin")]
    [InlineData("\"dtype\": \"uint16\"", "\"dtype\": \"f8\"", "dtype is 'f8'")]
    [InlineData("\"vocabulary-size\": 258", "\"vocabulary-size\": 3", "id 3 at position 2 is outside the vocabulary of 3")]
    [InlineData("\"count\": 3,", "", "count")]
    [InlineData("{", "", "not valid JSON")]
    public void Index_that_contradicts_the_files_is_refused(string from, string to, string reason)
    {
        var folder = Write(258, [1, 2, 3]);
        var index = Path.Combine(folder, "tokens.json");
        var text = File.ReadAllText(index);
        Assert.Contains(from, text, StringComparison.Ordinal);
        File.WriteAllText(index, text.Replace(from, to, StringComparison.Ordinal));
        Assert.Contains(reason, Assert.Throws<EspalierException>(() => TokenStore.Open(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_store_may_be_made_of_links()
    {
        var folder = Write(258, [1, 200, 3]);
        Directory.CreateDirectory(_data.At("links"));
        foreach (var file in Directory.GetFiles(folder))
            File.CreateSymbolicLink(Path.Combine(_data.At("links"), Path.GetFileName(file)), file);
        Assert.Equal([1, 200, 3], All(TokenStore.Open(_data.At("links"))));
    }

    [Fact]
    public void Smaller_vocabulary_of_the_model_refuses_an_id_with_its_position()
    {
        var folder = Write(258, [1, 200, 3]);
        var error = Assert.Throws<EspalierException>(() => TokenStore.Open(folder, vocabularySize: 100));
        Assert.Contains("id 200 at position 1 is outside the vocabulary of 100", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Missing_store_is_an_error_that_names_it() =>
        Assert.Contains("none", Assert.Throws<EspalierException>(() => TokenStore.Open(_data.At("none"))).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Ids_can_be_a_list_or_a_file()
    {
        Assert.Equal([1, 2, 3], All(TokenIds.Parse("1, 2,3", 10)));
        Assert.Equal([1, 65535], All(TokenIds.Parse(_data.Write("a.u16", [1, 0, 255, 255]), null)));
        Assert.Equal([1, 65536], All(TokenIds.Parse(_data.Write("a.i32", [1, 0, 0, 0, 0, 0, 1, 0]), null)));
        Assert.Equal([1, 2], All(TokenIds.Parse(Write(258, [1, 2]), null)));
    }

    [Theory]
    [InlineData("1,x", "'x' at position 1 is not an id")]
    [InlineData("", "'' at position 0 is not an id")]
    [InlineData("3,10", "id 10 at position 1 is outside the vocabulary of 10")]
    [InlineData("-1", "id -1 at position 0")]
    [InlineData("odd.i32", "5 bytes are not a multiple of the 4")]
    [InlineData("empty.u16", "contains no token ids")]
    [InlineData("big.u16", "id 300 at position 0 is outside the vocabulary of 10")]
    [InlineData("missing.i32", "cannot be read")]
    [InlineData("ids.bin", "name it .i32")]
    public void Bad_ids_are_refused(string spec, string reason)
    {
        _data.Write("odd.i32", [1, 0, 0, 0, 0]);
        _data.Write("empty.u16", []);
        _data.Write("big.u16", [44, 1]);
        _data.Write("ids.bin", [1]);
        var error = Assert.Throws<EspalierException>(() => TokenIds.Parse(spec.Contains('.') ? _data.At(spec) : spec, 10));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ids_of_the_bundled_teacher_s_own_text_are_below_its_vocabulary()
    {
        using var ids = TokenFile.Open(Fixtures.Golden("quickstart-teacher", "self-written.ids.i32"), TokenWidth.Int32, 4096);
        var first = new int[1];
        ids.Read(0, first);
        Assert.Equal(4080, first[0]);
    }

    private string Write(int vocabulary, params int[][] documents)
    {
        using var writer = new TokenStoreWriter(_data.At("store"), DataFixture.Bytes with { VocabularySize = vocabulary }, "test");
        foreach (var document in documents)
            writer.Append(document, document.Length);
        writer.Finish();
        return _data.At("store");
    }

    private static int[] All(ITokens tokens)
    {
        var ids = new int[tokens.Count];
        tokens.Read(0, ids);
        (tokens as IDisposable)?.Dispose();
        return ids;
    }
}
