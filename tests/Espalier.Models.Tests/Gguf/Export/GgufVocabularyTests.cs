using Espalier.Models.Gguf;
using Espalier.Models.Gguf.Export;
using Espalier.Models.Tokenizers;

namespace Espalier.Models.Tests.Gguf.Export;

public sealed class GgufVocabularyTests
{
    [Fact]
    public void Metaspace_tokens_get_types_and_scores_by_merge_order()
    {
        var metadata = Describe(Metaspace, 12);

        Assert.Equal("llama", metadata.Get<string>("tokenizer.ggml.model"));
        Assert.Equal(["<unk>", "<s>", "<0x0A>", "<0xZZ>", "a", "b", "ab", "\u2581ab", " tool", "[PAD10]", "[PAD10]_", "[PAD11]"],
            metadata.Get<string[]>("tokenizer.ggml.tokens"));
        Assert.Equal([2, 3, 6, 1, 1, 1, 1, 1, 4, 1, 5, 5], metadata.Get<int[]>("tokenizer.ggml.token_type"));
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0], metadata.Get<float[]>("tokenizer.ggml.scores"));
        Assert.True(metadata.Get<bool>("tokenizer.ggml.add_space_prefix"));
        Assert.Equal(0u, metadata.Get<uint>("tokenizer.ggml.unknown_token_id"));
        Assert.False(metadata.Contains("tokenizer.ggml.merges"));
    }

    /// <summary>As Gemma's runs of spaces: llama.cpp gives the tokenizer's ids where merges make them, as tokenizers.mjs saw.</summary>
    [Fact]
    public void Added_tokens_with_marks_that_merges_make_are_made_by_merges_there_too()
    {
        var model = Metaspace with
        {
            Tokens = ["\u2581", "\u2581\u2581", "\u2581\u2581\u2581", "\u2581x"],
            Merges = [("\u2581", "\u2581"), ("\u2581\u2581", "\u2581")],
            AddedTokens = [new() { Id = 1, Content = "\u2581\u2581" }, new() { Id = 2, Content = "\u2581\u2581\u2581", Normalized = true },
                new() { Id = 3, Content = "\u2581x" }],
            UnknownId = null,
        };
        var metadata = Describe(model, 4);
        Assert.Equal(["\u2581", "\u2581\u2581", "   ", " x"], metadata.Get<string[]>("tokenizer.ggml.tokens"));
        Assert.Equal([1, 1, 4, 4], metadata.Get<int[]>("tokenizer.ggml.token_type"));
    }

    [Fact]
    public void A_mark_of_an_added_token_among_bytes_is_a_character_as_any_other()
    {
        var metadata =
            Describe(ByteLevel with { AddedTokens = [new() { Id = 3, Content = "x\u2581z" }], Tokens = ["a", "b", "ab", "x\u2581z"] }, 4);
        Assert.Equal("x\u2581z", metadata.Get<string[]>("tokenizer.ggml.tokens")[3]);
    }

    [Theory]
    [InlineData(PretokenizerSplit.Llama3, true, "llama-bpe")]
    [InlineData(PretokenizerSplit.Llama3, false, "smaug-bpe")]
    [InlineData(PretokenizerSplit.Gpt2, false, "gpt-2")]
    [InlineData(PretokenizerSplit.Qwen2, false, "qwen2")]
    [InlineData(PretokenizerSplit.Tekken, true, "tekken")]
    [InlineData(PretokenizerSplit.DigitsThenGpt2, false, "smollm")]
    [InlineData(PretokenizerSplit.Gpt4o, false, "gpt-4o")]
    [InlineData(PretokenizerSplit.DeepSeek3, false, "deepseek-v3")]
    [InlineData(PretokenizerSplit.Qwen35, false, "qwen35")]
    [InlineData(PretokenizerSplit.Falcon, false, "falcon")]
    internal void The_split_has_llama_cpps_name(PretokenizerSplit split, bool ignoreMerges, string name)
    {
        // "xyz" is reached by no merge, so it matters whether whole words are taken.
        var model = ByteLevel with { Split = split, IgnoreMerges = ignoreMerges };
        Assert.Equal(name, Describe(model, 4).Get<string>("tokenizer.ggml.pre"));
    }

    [Theory]
    [InlineData(PretokenizerSplit.Gpt2, true, "ignore_merges")]
    [InlineData(PretokenizerSplit.DigitsThenGpt2, true, "ignore_merges")]
    [InlineData(PretokenizerSplit.Digits, false, "single digits only")]
    [InlineData(PretokenizerSplit.Other, false, "pre-tokenizer")]
    [InlineData(PretokenizerSplit.None, false, "pre-tokenizer")]
    internal void A_split_without_a_name_is_refused(PretokenizerSplit split, bool ignoreMerges, string word)
    {
        var error = Assert.Throws<EspalierException>(() => Describe(ByteLevel with { Split = split, IgnoreMerges = ignoreMerges }, 4));
        Assert.Contains(word, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tokens_without_rows_are_left_out_with_the_merges_that_make_them()
    {
        var model = ByteLevel with { Tokens = ["a", "b", "ab", "abb", "c"], Merges = [("a", "b"), ("ab", "b")], UnknownId = 4 };
        var metadata = Describe(model, 3);
        Assert.Equal(["a", "b", "ab"], metadata.Get<string[]>("tokenizer.ggml.tokens"));
        Assert.Equal(["a b"], metadata.Get<string[]>("tokenizer.ggml.merges"));
        Assert.Equal(3, metadata.Get<int[]>("tokenizer.ggml.token_type").Length);
        Assert.False(metadata.Contains("tokenizer.ggml.unknown_token_id"));
        Assert.Equal(2, Describe(Metaspace, 2).Get<float[]>("tokenizer.ggml.scores").Length);
    }

    [Fact]
    public void A_bos_without_a_row_is_refused_where_every_text_begins_with_it()
    {
        var error = Assert.Throws<EspalierException>(() => Describe(ByteLevel with { Before = [3] }, 3));
        Assert.Contains("adds BOS to every text, whose id 3 is not below vocab_size 3", error.Message, StringComparison.Ordinal);
    }

    private static TokenizerModel ByteLevel => new()
    {
        Kind = TokenizerKind.ByteLevelBpe,
        Tokens = ["a", "b", "ab", "xyz"],
        Merges = [("a", "b")],
        AddedTokens = [],
        AddsBos = true,
        AddsEos = false,
        AddPrefixSpace = false,
        Split = PretokenizerSplit.Llama3,
        ByteFallback = false,
        IgnoreMerges = true,
    };

    private static TokenizerModel Metaspace => new()
    {
        Kind = TokenizerKind.MetaspaceBpe,
        Tokens = ["<unk>", "<s>", "<0x0A>", "<0xZZ>", "a", "b", "ab", "\u2581ab", "\u2581tool", "[PAD10]", null],
        Merges = [("a", "b"), ("\u2581", "ab"), ("\u2581a", "b")],
        AddedTokens = [new() { Id = 0, Content = "<unk>", Special = true }, new() { Id = 1, Content = "<s>", Special = true },
            new() { Id = 8, Content = "\u2581tool" }],
        AddsBos = true,
        AddsEos = false,
        AddPrefixSpace = true,
        Split = PretokenizerSplit.None,
        ByteFallback = true,
        IgnoreMerges = false,
        UnknownId = 0,
    };

    private static GgufMetadata Describe(TokenizerModel model, int vocabularySize)
    {
        var metadata = new GgufMetadata();
        GgufVocabulary.Describe(model, vocabularySize, "tokenizer.json", metadata);
        return metadata;
    }
}
