using System.Runtime.InteropServices;
using Espalier.Models.Tokenizers;

namespace Espalier.Tests.Tokenizers;

public class GoldenTokenizerTests
{
    [Theory]
    [InlineData("llama3-bpe")]
    [InlineData("gpt2-prefix-space")]
    [InlineData("llama2-byte-fallback")]
    public void Ids_and_text_equal_the_reference_library(string name)
    {
        var tokenizer = Tokenizer.Load(Fixtures.Golden("tokenizers-hf", name));
        TokenizerCases.AssertCases(tokenizer, Fixtures.Golden("tokenizers-hf", name, "cases.jsonl"));
        TokenizerCases.AssertDecodeCases(tokenizer, Fixtures.Golden("tokenizers-hf", name, "decode_cases.jsonl"));
    }

    [Fact]
    public void Documents_of_the_bundled_teacher_give_the_recorded_ids()
    {
        var tokenizer = Tokenizer.Load(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        var ids = new List<int>();
        foreach (var line in File.ReadLines(Path.Combine(Fixtures.Root, "models", "quickstart-teacher", "self-written.jsonl")))
            tokenizer.Encode(JsonDocument.Parse(line).RootElement.GetProperty("text").GetString()!, ids);

        var expected = MemoryMarshal.Cast<byte, int>(File.ReadAllBytes(Fixtures.Golden("quickstart-teacher", "self-written.ids.i32")));
        Assert.Equal(expected.ToArray(), ids);
        Assert.Equal((4096, 4080, 4081), (tokenizer.VocabularySize, tokenizer.BosId, tokenizer.EosId));
    }

    [Fact]
    public void Two_threads_get_the_same_ids_as_one()
    {
        var tokenizer = Tokenizer.Load(Fixtures.Golden("tokenizers-hf", "llama3-bpe"));
        var texts = File.ReadLines(Fixtures.Golden("tokenizers-hf", "llama3-bpe", "cases.jsonl")).Take(200).ToArray();
        var alone = texts.Select(text => tokenizer.Encode(text)).ToArray();
        var shared = Tokenizer.Load(Fixtures.Golden("tokenizers-hf", "llama3-bpe"));
        Parallel.For(0, 4, new() { MaxDegreeOfParallelism = 2 }, _ => Assert.Equal(alone, texts.Select(text => shared.Encode(text))));
    }

    [Fact]
    public void Model_view_says_what_an_export_needs()
    {
        var llama3 = Tokenizer.Load(Fixtures.Golden("tokenizers-hf", "llama3-bpe"));
        Assert.Equal((TokenizerKind.ByteLevelBpe, PretokenizerSplit.Llama3, true, false, false),
            (llama3.Model.Kind, llama3.Model.Split, llama3.Model.AddsBos, llama3.Model.AddsEos, llama3.Model.AddPrefixSpace));
        Assert.Equal((710, 444, 6), (llama3.Model.Tokens.Count, llama3.Model.Merges.Count, llama3.Model.AddedTokens.Count));
        Assert.Equal(("h", "e"), llama3.Model.Merges[0]);

        var gpt2 = Tokenizer.Load(Fixtures.Golden("tokenizers-hf", "gpt2-prefix-space"));
        Assert.Equal((PretokenizerSplit.Gpt2, true, true, true),
            (gpt2.Model.Split, gpt2.Model.AddsBos, gpt2.Model.AddsEos, gpt2.Model.AddPrefixSpace));

        var llama2 = Tokenizer.Load(Fixtures.Golden("tokenizers-hf", "llama2-byte-fallback"));
        Assert.Equal((TokenizerKind.MetaspaceBpe, PretokenizerSplit.None, true, true, 0),
            (llama2.Model.Kind, llama2.Model.Split, llama2.Model.ByteFallback, llama2.Model.AddPrefixSpace, llama2.Model.UnknownId));
        Assert.Equal(("<s>", 1, "</s>"), (llama2.TokenText(1), llama2.TokenId("<s>"), llama2.TokenText(2)));
        Assert.Null(llama2.TokenText(903));
        Assert.Null(llama2.EosId);
    }

    [Fact]
    public void Stream_holds_back_a_character_until_its_last_byte()
    {
        var tokenizer = Tokenizer.Load(Fixtures.Golden("tokenizers-hf", "llama3-bpe"));
        var ids = tokenizer.Encode("\U0001D54F", addSpecialTokens: false);
        Assert.True(ids.Length > 1, "the character should take several tokens here");
        var stream = tokenizer.CreateDecodeStream();
        Assert.All(ids[..^1], id => Assert.Equal("", stream.Append(id)));
        Assert.Equal("\U0001D54F", stream.Append(ids[^1]));
        Assert.Equal("", stream.Finish());
    }

    [Fact]
    public void Half_a_surrogate_pair_counts_as_the_replacement_character()
    {
        var tokenizer = Tokenizer.Load(Fixtures.Golden("tokenizers-hf", "llama3-bpe"));
        Assert.Equal(tokenizer.Encode("a\uFFFDb\U0001F600\uFFFD"), tokenizer.Encode("a\uD83Db\U0001F600\uDE00"));
    }
}
