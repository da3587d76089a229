using Espalier.Models.Tokenizers;

namespace Espalier.Tests.Tokenizers;

/// <summary>Tokenizers of each kind, trained on our own text, against Hugging Face's library.</summary>
public class TokenizerKindTests
{
    [Theory]
    [InlineData("unigram-nmt", TokenizerKind.Unigram, PretokenizerSplit.None)]
    [InlineData("unigram-t5", TokenizerKind.Unigram, PretokenizerSplit.Other)]
    [InlineData("unigram-bytes", TokenizerKind.Unigram, PretokenizerSplit.None)]
    [InlineData("wordpiece-bert", TokenizerKind.WordPiece, PretokenizerSplit.Other)]
    [InlineData("wordpiece-words", TokenizerKind.WordPiece, PretokenizerSplit.Other)]
    [InlineData("bpe-deepseek3", TokenizerKind.ByteLevelBpe, PretokenizerSplit.DeepSeek3)]
    [InlineData("bpe-o200k", TokenizerKind.ByteLevelBpe, PretokenizerSplit.Gpt4o)]
    [InlineData("bpe-falcon", TokenizerKind.ByteLevelBpe, PretokenizerSplit.Falcon)]
    [InlineData("bpe-gemma", TokenizerKind.MetaspaceBpe, PretokenizerSplit.None)]
    [InlineData("bpe-words", TokenizerKind.WordBpe, PretokenizerSplit.Other)]
    internal void Ids_and_text_equal_the_reference_library(string name, TokenizerKind kind, PretokenizerSplit split)
    {
        var tokenizer = Tokenizer.Load(Fixtures.Golden("tokenizers-kinds", name));
        Assert.Equal((kind, split), (tokenizer.Model.Kind, tokenizer.Model.Split));
        TokenizerCases.AssertCases(tokenizer, Fixtures.Golden("tokenizers-kinds", name, "cases.jsonl"));
        TokenizerCases.AssertDecodeCases(tokenizer, Fixtures.Golden("tokenizers-kinds", name, "decode_cases.jsonl"));
    }
}
