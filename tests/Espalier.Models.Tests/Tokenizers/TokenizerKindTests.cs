using Espalier.Models.Tokenizers;

namespace Espalier.Tests.Tokenizers;

/// <summary>Tokenizers of each kind, trained on our own text, against Hugging Face's library.</summary>
public class TokenizerKindTests
{
    private const string Variable = "ESPALIER_TOKENIZER_CASES";

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

    /// <summary>Of others' tokenizers, by tokens.py FOLDER found TOKENIZERS; they are not to be committed.</summary>
    [CasesFact]
    public void Found_tokenizers_give_the_ids_of_the_reference_library()
    {
        foreach (var folder in Directory.GetDirectories(Environment.GetEnvironmentVariable(Variable)!))
            TokenizerCases.AssertCases(Tokenizer.Load(folder), Path.Combine(folder, "cases.jsonl"));
    }

    [Theory]
    [InlineData("unigram-bytes")]
    [InlineData("wordpiece-bert")]
    [InlineData("bpe-deepseek3")]
    [InlineData("bpe-falcon")]
    [InlineData("bpe-o200k")]
    public void A_word_of_a_megabyte_ends(string name)
    {
        var tokenizer = Tokenizer.Load(Fixtures.Golden("tokenizers-kinds", name));
        foreach (var word in new[] { new string('a', 1 << 20), string.Concat(Enumerable.Repeat("e\u0301", 1 << 19)), new string(' ', 1 << 20) })
        {
            var ids = tokenizer.Encode(word, addSpecialTokens: false);
            // Every id stands for something of the text, and nothing is lost where bytes are tokens.
            Assert.True(ids.Length <= 4 << 20);
            if (name.StartsWith("bpe", StringComparison.Ordinal))
                Assert.Equal(word, tokenizer.Decode(ids));
        }
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class CasesFactAttribute : FactAttribute
    {
        public CasesFactAttribute()
        {
            if (Environment.GetEnvironmentVariable(Variable) is null)
                Skip = $"needs {Variable}, a folder that tests/golden/generators/tokens.py FOLDER found writes of tokenizers of others";
        }
    }
}
