using System.Text;
using Espalier.Compression.Data;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Tests.Data;

public sealed class CorpusTests : IDisposable
{
    private readonly DataFixture _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Documents_end_on_their_side_with_bos_and_eos()
    {
        var summary = Corpus.Build(Options(Lines(300), 0.1), DataFixture.Bytes, _data.At("out"));
        Assert.Equal(300, summary.Train.Documents + summary.HeldOut!.Documents);
        var split = new HeldOutSplit(0.1);
        foreach (var (folder, heldOut) in ((string, bool)[])[(Corpus.TrainFolder, false), (Corpus.HeldOutFolder, true)])
        {
            var texts = Enumerable.Range(0, 300).Select(Text).Where(text => split.IsHeldOut(text) == heldOut).ToArray();
            int[] expected = [.. texts.SelectMany(text => (int[])[DataFixture.Bos, .. Encoding.UTF8.GetBytes(text), DataFixture.Eos])];
            using var store = TokenStore.Open(_data.At("out", folder));
            var ids = new int[store.Count];
            store.Read(0, ids);
            Assert.Equal(expected, ids);
            Assert.Equal(texts.Sum(Encoding.UTF8.GetByteCount), store.Index.TextBytes);
            Assert.Equal(texts.Length, store.ReadDocumentStarts().Length);
        }
        Assert.Equivalent(summary, DataJson.Read<CorpusSummary>(_data.At("out", Corpus.SummaryName)));
    }

    [Fact]
    public void Files_are_the_same_bytes_for_any_number_of_workers()
    {
        var input = Lines(20_000);
        string[] Hashes(int workers)
        {
            var folder = _data.At($"out{workers}");
            Corpus.Build(Options(input, 0.05) with { Workers = workers }, DataFixture.Bytes, folder);
            return [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                .Select(file =>
                    $"{Path.GetRelativePath(folder, file)} "
                        + $"{Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)))}")];
        }
        var one = Hashes(1);
        Assert.Equal(7, one.Length);
        Assert.Equal(one, Hashes(3));
        Assert.Equal(one, Hashes(8));
    }

    [Fact]
    public void Repeated_documents_are_dropped_and_counted_or_kept_on_request()
    {
        var input = _data.Write("a.jsonl", "{\"text\":\"same\"}\n{\"text\":\"other\"}\n{\"text\":\"same\"}\n");
        var summary = Corpus.Build(Options(input, 0), DataFixture.Bytes, _data.At("out"));
        Assert.Equal((2, 1), (summary.Train.Documents, summary.Skips["duplicate-document"]));
        Assert.Null(summary.HeldOut);
        Assert.False(Directory.Exists(_data.At("out", "held-out")));
        Assert.Equal(3,
            Corpus.BuildStore(Options(input, 0) with { Deduplicate = false }, DataFixture.Bytes, _data.At("store")).Index.Documents);
    }

    [Theory]
    [InlineData("{\"text\":\"\"}\n", 0.02, "1 file was read, but no document was left (skipped: 1 empty-document")]
    [InlineData("", 0.02, "a.jsonl: the file is empty or blank; give a file with text in it")]
    [InlineData("{\"text\":\"abc\"}\n", 0.02, "held-out 2.0 % of 1 documents")]
    [InlineData("{\"text\":\"abc\"}\n", 0.99, "takes all 1 documents")]
    public void Empty_side_is_refused_and_leaves_nothing_behind(string text, double share, string reason)
    {
        var input = _data.Write("a.jsonl", text);
        var error = Assert.ThrowsAny<EspalierException>(() => Corpus.Build(Options(input, share), DataFixture.Bytes, _data.At("out")));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Contains("a.jsonl", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_data.At("out")));
    }

    [Fact]
    public void Id_beyond_the_vocabulary_names_the_document()
    {
        var encoder = DataFixture.Bytes with { VocabularySize = 200 };
        var error = Assert.Throws<EspalierException>(() => Corpus.Build(Options(Lines(3), 0), encoder, _data.At("out")));
        Assert.Contains("a.jsonl:1: the tokenizer gave id 256, but the model only has rows for ids below 200", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_data.At("out")));
    }

    [Fact]
    public void Cancelled_work_leaves_nothing_behind()
    {
        using var cancel = new CancellationTokenSource();
        var progress = new Callback<(long Done, long Total)>(_ => cancel.Cancel());
        Assert.ThrowsAny<OperationCanceledException>(() =>
            Corpus.Build(Options(Lines(20_000), 0.05), DataFixture.Bytes, _data.At("out"), progress, cancel.Token));
        Assert.False(Directory.Exists(_data.At("out")));
    }

    [Fact]
    public void Progress_rises_to_all_bytes()
    {
        var reports = new List<(long Done, long Total)>();
        Corpus.Build(Options(Lines(20_000), 0.05), DataFixture.Bytes, _data.At("out"), new Callback<(long Done, long Total)>(reports.Add));
        Assert.True(reports.Count > 2);
        Assert.Equal(reports.Select(report => report.Done).Order(), reports.Select(report => report.Done));
        Assert.Equal(reports[^1].Total, reports[^1].Done);
    }

    [Fact]
    public void A_corpus_written_again_replaces_the_old_one()
    {
        Corpus.Build(Options(Lines(300), 0.1), DataFixture.Bytes, _data.At("out"));
        var second = Corpus.Build(Options(Lines(200), 0.1), DataFixture.Bytes, _data.At("out"));
        using var store = TokenStore.Open(_data.At("out", Corpus.TrainFolder));
        Assert.Equal(second.Train.Tokens, store.Count);
    }

    [Fact]
    public void Reading_ends_with_the_document_that_reaches_the_budget_whatever_the_workers()
    {
        var input = Lines(20_000);
        long[] Counts(int workers)
        {
            var summary = Corpus.Build(
                Options(input, 0.1) with { Workers = workers, MaxTokens = 50_000 }, DataFixture.Bytes, _data.At($"budget{workers}"));
            Assert.InRange(summary.Train.Tokens, 50_000, 50_200);
            Assert.Empty(summary.Skips);
            return [summary.Train.Tokens, summary.Train.Documents, summary.HeldOut!.Tokens];
        }
        Assert.Equal(Counts(1), Counts(7));
        var all = Corpus.Build(Options(input, 0.1), DataFixture.Bytes, _data.At("all"));
        Assert.Equal(all.Train.Tokens, Corpus.Build(
            Options(input, 0.1) with { MaxTokens = all.Train.Tokens + 1 }, DataFixture.Bytes, _data.At("more")).Train.Tokens);
    }

    [Fact]
    public void Documents_are_dropped_by_filters_in_order_by_repetition_and_across_sources()
    {
        var input = _data.Write("a.jsonl", string.Join('\n', new[] { "keep one", "keep two", "other", "abababababababababab" }
            .Select(text => $"{{\"text\":\"{text}\"}}")));
        var asked = new List<string>();
        var options = Options(input, 0) with
        {
            MaxRepetition = 0.5,
            Seen = new(),
            Filters =
            [
                new(SkipReason.OtherLanguage, text => text == "other"),
                new(SkipReason.NearDuplicate, text =>
                {
                    asked.Add(text);
                    return text == "keep two";
                }),
            ],
        };
        var summary = Corpus.Build(options, DataFixture.Bytes, _data.At("out"));
        Assert.Equal(1, summary.Train.Documents);
        Assert.Equal(["keep one", "keep two", "abababababababababab"], asked);
        Assert.Equal(new Dictionary<string, long> { ["near-duplicate"] = 1, ["other-language"] = 1, ["repetitive"] = 1 },
            summary.Skips.ToDictionary());
        var again = _data.Write("b.jsonl", "{\"text\":\"keep one\"}\n{\"text\":\"new\"}");
        Assert.Equal(1, Corpus.Build(options with { Sources = [again] }, DataFixture.Bytes, _data.At("second")).Train.Documents);
    }

    private static string Text(int i) => $"Document {i} says änything that is {i * 7919 % 1009} words long.";

    private string Lines(int count) =>
        _data.Write("a.jsonl", string.Join('\n', Enumerable.Range(0, count).Select(i => $"{{\"text\":\"{Text(i)}\"}}")));

    private static CorpusOptions Options(string source, double share) => new() { Sources = [source], HeldOut = new(share) };

    /// <summary>Reports on the caller's thread, unlike <see cref="Progress{T}"/>.</summary>
    private sealed class Callback<T>(Action<T> report) : IProgress<T>
    {
        public void Report(T value) => report(value);
    }
}
