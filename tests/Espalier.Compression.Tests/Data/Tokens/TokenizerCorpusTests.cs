using Espalier.Compression.Data;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Tokens;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Data.Tokens;

/// <summary>The data path with the bundled teacher's tokenizer, against ids that the reference library made.</summary>
public sealed class TokenizerCorpusTests : IDisposable
{
    private static readonly Tokenizer s_tokenizer = Tokenizer.Load(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
    private readonly DataFixture _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Self_written_documents_give_the_reference_ids()
    {
        var source = Path.Combine(Fixtures.Root, "models", "quickstart-teacher", "self-written.jsonl");
        AssertSameIds(source, Encoder(eos: null), Fixtures.Golden("quickstart-teacher", "self-written.ids.i32"));
    }

    [OutsideFact("text/tinystories.txt")]
    public void Stories_between_separators_give_the_reference_ids() => AssertSameIds(
        Fixtures.Outside("text", "tinystories.txt"), Encoder(s_tokenizer.EosId),
        Fixtures.Outside("oracles", "quickstart-teacher", "tinystories.ids.u16"));

    [Fact]
    public void Documents_that_bring_their_own_bos_are_counted()
    {
        _data.Write("a.jsonl", """
            {"text": "<|begin_of_text|>once"}
            {"text": "twice <|begin_of_text|>"}
            {"text": "<|begin_of_text|>"}
            """);
        var (_, skips) =
            Corpus.BuildStore(new() { Sources = [_data.At("a.jsonl")] }, DocumentEncoder.Of(s_tokenizer, 4096), _data.At("store"));
        Assert.Equal(2, skips[SkipReason.DoubledBos]);
        Assert.Equal("", skips.ToString());
        Assert.StartsWith("2 documents begin with the tokenizer's own BOS, and another one is added before it",
            SkipCounts.DoubledBosWarning(2));
        Assert.Null(SkipCounts.DoubledBosWarning(0));
        using var store = TokenStore.Open(_data.At("store"));
        Assert.Equal([4080, 4080], All(store)[..2]);
    }

    [Fact]
    public void A_token_without_a_row_is_refused_by_name()
    {
        var source = _data.Write("a.txt", "a <|reserved_special_token_9|>");
        var error = Assert.Throws<EspalierException>(
            () => Corpus.BuildStore(new() { Sources = [source] }, DocumentEncoder.Of(s_tokenizer, 4090), _data.At("store")));
        Assert.Contains("the tokenizer gave id 4094 ('<|reserved_special_token_9|>'), but the model only has rows for ids below 4090", error.Message);
    }

    [Fact]
    public void An_eos_without_a_row_is_refused_before_any_text_is_read() => Assert.Contains(
        "the tokenizer's EOS '<|end_of_text|>' has id 4081, but the model has rows for ids below 4081",
        Assert.Throws<EspalierException>(() => DocumentEncoder.Of(s_tokenizer, 4081)).Message);

    private void AssertSameIds(string source, DocumentEncoder encoder, string idsPath)
    {
        Corpus.BuildStore(new CorpusOptions { Sources = [source], Deduplicate = false }, encoder, _data.At("store"));
        using var store = TokenStore.Open(_data.At("store"));
        using var expected = (IDisposable)TokenIds.Parse(idsPath, s_tokenizer.VocabularySize);
        Assert.Equal(All((ITokens)expected), All(store));
    }

    private static DocumentEncoder Encoder(int? eos) =>
        new((text, ids) => s_tokenizer.Encode(text, ids), s_tokenizer.VocabularySize, eos, s_tokenizer.Sha256);

    private static int[] All(ITokens tokens)
    {
        var ids = new int[tokens.Count];
        tokens.Read(0, ids);
        return ids;
    }
}
