using Espalier.Models.Gguf.Export;
using Espalier.Models.Tokenizers;

namespace Espalier.Models.Tests.Gguf.Export;

/// <summary>What is said of tokenizers that llama.cpp does not follow; that it does not was seen with tokenizers.mjs.</summary>
public sealed class GgufTokenizerLossesTests
{
    private static TokenizerModel Plain => new()
    {
        Kind = TokenizerKind.ByteLevelBpe,
        Tokens = ["a", "b", "ab", "<x>"],
        Merges = [("a", "b")],
        AddedTokens = [new() { Id = 3, Content = "<x>", Special = true }],
        AddsBos = false,
        AddsEos = false,
        AddPrefixSpace = false,
        Split = PretokenizerSplit.Llama3,
        ByteFallback = false,
        IgnoreMerges = false,
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nothing_is_said_where_nothing_differs(bool isPhi)
    {
        Assert.Empty(Of(Plain, isPhi: false));
        Assert.Empty(Of(With(token => token with { RightStrip = isPhi }), isPhi));
        Assert.Empty(Of(Metaspace with { NormalizerPrepends = true }, isPhi: false));
        Assert.Empty(
            Of(Plain with { Tokens = ["</s>"], AddedTokens = [new() { Id = 0, Content = "</s>", Special = true }] }, isPhi: false));
    }

    [Theory]
    [InlineData("left", "'a <x>'")]
    [InlineData("right", "'<x> a'")]
    [InlineData("word", "'a<x>b'")]
    public void What_a_token_does_to_the_text_beside_it_is_told_with_a_text(string what, string text)
    {
        var model = With(token => what switch
        {
            "left" => token with { LeftStrip = true },
            "right" => token with { RightStrip = true },
            _ => token with { SingleWord = true },
        });
        Assert.EndsWith($"other ids for {text}", Assert.Single(Of(model, isPhi: false)), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_phi_3_the_other_way_round()
    {
        Assert.EndsWith("'<x> a'", Assert.Single(Of(Plain, isPhi: true)), StringComparison.Ordinal);
        Assert.Empty(Of(With(token => token with { Content = "<s>" }), isPhi: true));
        Assert.EndsWith("'<s> a'", Assert.Single(Of(With(token => token with { Content = "<s>", RightStrip = true }), isPhi: true)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_else_that_llama_cpp_has_no_word_for_is_told()
    {
        Assert.Contains("'a\u00c9b'", Assert.Single(Of(Plain with { Split = PretokenizerSplit.Tekken }, isPhi: false)),
            StringComparison.Ordinal);
        Assert.Contains("'gpt-4o' recognises only A to Z",
            Assert.Single(Of(Plain with { Split = PretokenizerSplit.Gpt4o }, isPhi: false)),
            StringComparison.Ordinal);
        Assert.Contains("U+0301", Assert.Single(Of(Plain with { Normalizers = ["NFC"] }, isPhi: false)), StringComparison.Ordinal);
        Assert.Contains("such as 'a'", Assert.Single(Of(Plain with { AddPrefixSpace = true }, isPhi: false)), StringComparison.Ordinal);
        Assert.EndsWith("'<x>a'", Assert.Single(Of(Metaspace with { PrefixesStartAlone = true }, isPhi: false)), StringComparison.Ordinal);
        Assert.EndsWith("'a<x>b'", Assert.Single(Of(Metaspace with
        {
            NormalizerPrepends = true,
            AddedTokens = [new() { Id = 3, Content = "<x>", Normalized = true }],
        }, isPhi: false)), StringComparison.Ordinal);
        Assert.EndsWith("'a </s>'", Assert.Single(Of(Plain with { Tokens = ["a", "b", "ab", "<x>", "</s>"] }, isPhi: false)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Typed_marks_are_told_of_only_where_they_get_other_ids()
    {
        var run = Metaspace with
        {
            Tokens = ["a", "\u2581", "\u2581\u2581", "\u2581\u2581\u2581"],
            Merges = [("\u2581", "\u2581"), ("\u2581\u2581", "\u2581")],
            AddedTokens = [new() { Id = 2, Content = "\u2581\u2581" }],
        };
        Assert.EndsWith("'a \u2581\u2581b'", Assert.Single(Of(run, isPhi: false)), StringComparison.Ordinal);
        Assert.Empty(Of(run with { Tokens = ["a", "\u2581", "\u2581\u2581", "b"] }, isPhi: false));
        Assert.EndsWith("'a\u2581\u2581b'", Assert.Single(Of(run with { Merges = [] }, isPhi: false)), StringComparison.Ordinal);
    }

    private static TokenizerModel Metaspace => Plain with
    {
        Kind = TokenizerKind.MetaspaceBpe,
        Split = PretokenizerSplit.None,
        AddPrefixSpace = true,
    };

    private static TokenizerModel With(Func<AddedToken, AddedToken> change) => Plain with { AddedTokens = [change(Plain.AddedTokens[0])] };

    private static string[] Of(TokenizerModel model, bool isPhi) => [.. GgufTokenizerLosses.Of(model, null, null, 5, isPhi)];
}
