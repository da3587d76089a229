using Espalier.Models.Tokenizers;

namespace Espalier.Tests.Tokenizers;

/// <summary>Folders without tokenizer.json, against what transformers makes of them.</summary>
public class TokenizerFilesTests
{
    [Theory]
    [InlineData("files-gpt2")]
    [InlineData("files-gpt2-bos")]
    [InlineData("files-qwen2")]
    [InlineData("spm-llama")]
    [InlineData("spm-legacy")]
    [InlineData("spm-gemma")]
    [InlineData("spm-t5")]
    [InlineData("tekken")]
    public void Ids_and_text_equal_the_conversion_by_transformers(string name)
    {
        var tokenizer = Tokenizer.Load(Fixtures.Golden("tokenizers-kinds", name));
        TokenizerCases.AssertCases(tokenizer, Fixtures.Golden("tokenizers-kinds", name, "cases.jsonl"));
        TokenizerCases.AssertDecodeCases(tokenizer, Fixtures.Golden("tokenizers-kinds", name, "decode_cases.jsonl"));
        Assert.Null(tokenizer.Disagreement);
    }

    /// <summary>
    /// SentencePiece finds control pieces never in text, and puts a space before text that begins with one, or with its mark; Hugging
    /// Face's form of it does the other. T5's are compared without what is user-defined, without marks, and where no rule has two
    /// characters.
    /// </summary>
    [Theory]
    [InlineData("spm-llama", " \u2581<[", "<unk>|<s>|</s>|<s2>")]
    [InlineData("spm-gemma", "", "<pad>|<unk>|<bos>|<eos>")]
    [InlineData("spm-t5", "", "<pad>|<unk>|</s>|[X]|\u2581|\u2028|\u0085|\u064E|\u200D")]
    public void A_model_of_no_known_class_has_the_ids_of_SentencePiece(string name, string firsts, string parts)
    {
        using var folder = new TemporaryTokenizer("{}");
        File.Delete(folder.File());
        var file = name == "spm-t5" ? "spiece.model" : "tokenizer.model";
        File.Copy(Fixtures.Golden("tokenizers-kinds", name, file), folder.File(file));
        var tokenizer = Tokenizer.Load(folder.Path);
        var (wrong, count) = (new List<string>(), 0);
        foreach (var line in File.ReadLines(Fixtures.Golden("tokenizers-kinds", name, "cases.jsonl")))
        {
            using var json = JsonDocument.Parse(line);
            var text = json.RootElement.GetProperty("text").GetString()!;
            if ((text.Length > 0 && firsts.Contains(text[0])) || parts.Split('|').Any(text.Contains))
                continue;
            count++;
            var expected = json.RootElement.GetProperty("sentencepiece").EnumerateArray().Select(static id => id.GetInt32()).ToArray();
            var found = tokenizer.Encode(text, addSpecialTokens: false);
            if (!expected.SequenceEqual(found))
                wrong.Add($"{JsonSerializer.Serialize(text)}: {string.Join(' ', expected)} / {string.Join(' ', found)}");
        }
        Assert.True(count > 220, $"{count} texts");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    [Theory]
    [InlineData("tokenizer.model", "IQ== 0\nIg== 1\n", "not a SentencePiece model, or a damaged one")]
    [InlineData("tokenizer.model", "\n\u0001", "not a SentencePiece model, or a damaged one")]
    [InlineData("tekken.json", "{}", "config.pattern: a string is needed here")]
    [InlineData("tekken.json", "{\"config\":{\"pattern\":\"a\",\"default_vocab_size\":3,\"default_num_special_tokens\":1},\"vocab\":[]}",
        "vocab: 0 tokens are here, but config says 3 with 1 control tokens")]
    [InlineData("tekken.json",
        "{\"config\":{\"pattern\":\"a\",\"default_vocab_size\":2,\"default_num_special_tokens\":1},\"vocab\":[{\"token_bytes\":\"?\"}]}",
        "vocab[0].token_bytes: '?' is not the base64 of a token")]
    [InlineData("tekken.json", "{\"config\":{\"pattern\":\"a\",\"default_vocab_size\":2,\"default_num_special_tokens\":2000000000}}",
        "2000000000 control tokens are more than any file has")]
    [InlineData("vocab.json", "{\"a\":0}", "tokenizer_config.json names no tokenizer_class")]
    [InlineData("vocab.json", "[]", "an object is needed here, not an array")]
    public void Damaged_files_are_refused_by_what_is_wrong(string name, string text, string reason)
    {
        using var folder = new TemporaryTokenizer("{}");
        File.Delete(folder.File());
        File.WriteAllText(folder.File(name), text);
        File.WriteAllText(folder.File("merges.txt"), "#version: 0.2\n");
        var error = Assert.Throws<EspalierException>(() => Tokenizer.Load(folder.Path));
        Assert.StartsWith(folder.File(name), error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_truncation_of_a_model_is_refused_or_read_as_a_smaller_one()
    {
        var bytes = File.ReadAllBytes(Fixtures.Golden("tokenizers-kinds", "spm-t5", "spiece.model"));
        using var folder = new TemporaryTokenizer("{}");
        File.Delete(folder.File());
        for (var length = 0; length < bytes.Length; length += 97)
        {
            File.WriteAllBytes(folder.File("tokenizer.model"), bytes[..length]);
            try
            {
                Assert.NotNull(Tokenizer.Load(folder.Path).Encode("a"));
            }
            catch (EspalierException e)
            {
                Assert.Contains(folder.Path, e.Message + folder.Path, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void A_merge_that_begins_with_a_hash_is_no_comment()
    {
        using var folder = new TemporaryTokenizer("{}");
        File.Delete(folder.File());
        File.WriteAllText(folder.File("vocab.json"), "{\"#\":0,\"!\":1,\"#!\":2}");
        File.WriteAllText(folder.File("merges.txt"), "# !\n");
        File.WriteAllText(folder.File("tokenizer_config.json"), "{\"tokenizer_class\":\"GPT2Tokenizer\",\"unk_token\":null}");
        Assert.Equal([2], Tokenizer.Load(folder.Path).Encode("#!"));
    }
}
