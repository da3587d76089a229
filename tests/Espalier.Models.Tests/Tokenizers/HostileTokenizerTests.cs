using Espalier.Models.Tokenizers;
using Espalier.Models.Tokenizers.Formats;

namespace Espalier.Tests.Tokenizers;

public class HostileTokenizerTests
{
    [Fact]
    public void The_plain_file_that_the_others_damage_is_read()
    {
        using var folder = new TemporaryTokenizer(TemporaryTokenizer.ByteLevel().ToJsonString());
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal([257, 'l', 'o', 258], tokenizer.Encode("hello<s>"));
        Assert.Null(tokenizer.BosId);
    }

    /// <summary>Looked up, each of the millions of cuts would read its million letters.</summary>
    [Fact]
    public void Tokens_of_a_million_letters_are_cut_only_where_two_others_may_be()
    {
        string[] tokens = ["a", "b", "ab", .. Enumerable.Range(0, 20).Select(static i => new string('a', 1_000_000 + 3 * i)), "aab"];
        Assert.Equal([("a", "b"), ("a", "ab")], TokenMerges.Of(tokens, tokens.Length, order: null));
    }

    [Theory]
    [InlineData("model.type", "\"WordLevel\"", "model type 'WordLevel' is not supported")]
    [InlineData("model.type", "\"WordPiece\"", "a WordPiece model over bytes")]
    [InlineData("model.type", "\"Unigram\"", "an array of pieces and scores is needed here")]
    [InlineData("model.vocab", "[[\"a\",-1]]", "model.vocab: an object is needed here")]
    [InlineData("model.type", "7", "a string is needed here, not a number")]
    [InlineData("model", "null", "there is no model")]
    [InlineData("model", "[]", "an object is needed here, not an array")]
    [InlineData("model.dropout", "0.1", "random dropout of merges")]
    [InlineData("model.end_of_word_suffix", "\"</w>\"", "'</w>'")]
    [InlineData("model.unk_token", "[]", "a string is needed here, not an array")]
    [InlineData("model.ignore_merges", "\"yes\"", "true or false is needed here")]
    [InlineData("model.vocab", "{}", "the vocabulary is empty")]
    [InlineData("model.vocab", "{\"a\":0,\"b\":0}", "id 0 belongs to both 'a' and 'b'")]
    [InlineData("model.vocab", "{\"a\":-1}", "the id of 'a' is not a whole number")]
    [InlineData("model.vocab", "{\"a\":2147483647}", "the highest id is 2147483647")]
    [InlineData("model.vocab", "{\"a\":\"0\"}", "the id of 'a' is not a whole number")]
    [InlineData("model.vocab", "{\"a\":0,\"a\":1}", "not valid JSON")]
    [InlineData("model.vocab", "{\"\\ud800\":0}", "not well-formed Unicode")]
    [InlineData("added_tokens", "[{\"id\":300,\"content\":\"\\udc00\"}]", "added_tokens[0].content: the string is not well-formed Unicode")]
    [InlineData("model.merges", "[\"h zz\"]", "needs the token 'zz'")]
    [InlineData("model.merges", "[\"e h\"]", "needs the token 'eh'")]
    [InlineData("model.merges", "[\"he\"]", "not two tokens with one space")]
    [InlineData("model.merges", "[[\"h\",\"e\",\"l\"]]", "pair of strings")]
    [InlineData("model.merges", "[[\"h\",3]]", "model.merges[0][1]: a string is needed here")]
    [InlineData("model.merges", "{}", "an array is needed here, not an object")]
    [InlineData("added_tokens", "[{\"id\":3,\"content\":\"<x>\"}]", "'<x>' has id 3, but")]
    [InlineData("added_tokens", "[{\"id\":300,\"content\":\"he\"}]", "'he' has id 300 here and id 256 elsewhere")]
    [InlineData("added_tokens", "[{\"id\":258,\"content\":\"<x>\"},{\"id\":258,\"content\":\"<x>\"}]", "id 258 is added twice")]
    [InlineData("added_tokens", "[{\"id\":300,\"content\":\"<x>\"}]", "'<x>' has id 300, but the reference library would number it 258")]
    [InlineData("added_tokens", "[{\"id\":1e9,\"content\":\"<x>\"}]", "added_tokens[0].id")]
    [InlineData("normalizer", "{\"type\":\"ByteLevel\"}", "normalizer 'ByteLevel' is not supported")]
    [InlineData("normalizer", "{\"type\":\"BertNormalizer\",\"lowercase\":1}", "true or false is needed here")]
    [InlineData("normalizer", "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"?\"}", "not valid base64")]
    [InlineData("normalizer", "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"/////w==\"}", "a trie of 4294967295 bytes")]
    [InlineData("normalizer", "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\"AQ==\"}", "does not fit into 1")]
    [InlineData("normalizer", "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"(a)\\\\1\"},\"content\":\"\"}", "has '\\1', which is not "
        + "supported")]
    [InlineData("normalizer", "{\"type\":\"Sequence\",\"normalizers\":[null]}", "normalizer.normalizers[0]")]
    [InlineData("pre_tokenizer", "{\"type\":\"UnicodeScripts\"}", "pre-tokenizer 'UnicodeScripts' is not supported")]
    [InlineData("pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a(?=b+)\"},\"behavior\":\"Isolated\"}",
        "a lookahead at more than a sequence of characters")]
    [InlineData("pre_tokenizer", "{\"type\":\"Split\",\"pattern\":{\"String\":\" \"},\"behavior\":\"Apart\"}",
        "'Apart' is not one of Removed, Isolated")]
    [InlineData("pre_tokenizer", "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"ByteLevel\"},{\"type\":\"ByteLevel\"}]}",
        "a second time")]
    [InlineData("post_processor", "{\"type\":\"Other\"}", "post-processor 'Other' is not supported")]
    [InlineData("post_processor", "{\"type\":\"BertProcessing\",\"cls\":[\"a\"],\"sep\":[\"a\",1]}", "post_processor.cls: a token and "
        + "its id")]
    [InlineData("post_processor", "{\"type\":\"TemplateProcessing\",\"single\":[]}", "contains the text 0 times")]
    [InlineData("post_processor",
        "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"x\"}}],\"special_tokens\":{\"x\":{\"ids\":[999]}}}",
        "999 is not the id of any token")]
    [InlineData("decoder", "{\"type\":\"CTC\"}", "decoder 'CTC' is not supported")]
    [InlineData("decoder", "{\"type\":\"Strip\",\"content\":\"ab\",\"start\":1,\"stop\":0}", "one character")]
    public void Bad_field_is_refused_with_the_file_and_the_reason(string field, string value, string reason)
    {
        var json = TemporaryTokenizer.ByteLevel();
        var parts = field.Split('.');
        var owner = parts.Length == 2 ? json[parts[0]]!.AsObject() : json;
        owner[parts[^1]] = "@value@";
        using var folder = new TemporaryTokenizer(json.ToJsonString().Replace("\"@value@\"", value, StringComparison.Ordinal));

        var error = Assert.Throws<EspalierException>(() => Tokenizer.Load(folder.Path));
        Assert.StartsWith(folder.File(), error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("Unigram", "[[\"a\"]]", "0", "model.vocab[0]: a piece must be a pair of a text and a score")]
    [InlineData("Unigram", "[[\"a\",\"b\"]]", "0", "model.vocab[0][1]: a number is needed here, not a string")]
    [InlineData("Unigram", "[]", "0", "the vocabulary is empty")]
    [InlineData("Unigram", "{}", "0", "an array of pieces and scores is needed here")]
    [InlineData("Unigram", "[[\"a\",0]]", "1", "model.unk_id: 1 is not the id of any of the 1 pieces")]
    [InlineData("WordPiece", "{\"a\":0}", "0", "model.unk_token: '[UNK]' is not in the vocabulary")]
    public void Bad_model_of_another_kind_is_refused(string type, string vocabulary, string unknown, string reason)
    {
        using var folder = new TemporaryTokenizer(
            $"{{\"model\":{{\"type\":\"{type}\",\"vocab\":{vocabulary},\"unk_id\":{unknown}}}}}");
        var error = Assert.Throws<EspalierException>(() => Tokenizer.Load(folder.Path));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_character_that_no_piece_has_is_named_where_nothing_stands_for_it()
    {
        using var folder = new TemporaryTokenizer("{\"model\":{\"type\":\"Unigram\",\"vocab\":[[\"a\",-1]]}}");
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal([0, 0], tokenizer.Encode("aa"));
        Assert.Contains("'\U0001F600'", Assert.Throws<EspalierException>(() => tokenizer.Encode("a\U0001F600")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        var text = TemporaryTokenizer.ByteLevel().ToJsonString();
        using var folder = new TemporaryTokenizer(text);
        for (var length = 0; length < text.Length; length += 53)
        {
            File.WriteAllText(folder.File(), text[..length]);
            Assert.Throws<EspalierException>(() => Tokenizer.Load(folder.Path));
        }
    }

    [Fact]
    public void Random_damage_gives_a_tokenizer_or_a_typed_error()
    {
        var random = new Random(20260101);
        var bytes = File.ReadAllBytes(Fixtures.Golden("tokenizers-hf", "llama2-byte-fallback", "tokenizer.json"));
        using var folder = new TemporaryTokenizer("{}");
        for (var round = 0; round < 100; round++)
        {
            var damaged = (byte[])bytes.Clone();
            for (var i = 0; i < 3; i++)
                damaged[random.Next(round % 2 == 0 ? damaged.Length : 3000)] = (byte)random.Next(32, 127);
            File.WriteAllBytes(folder.File(), damaged);
            try
            {
                Tokenizer.Load(folder.Path).Encode("some text [INST] \u00E9");
            }
            catch (EspalierException)
            {
                // The promise: this type and no other.
            }
        }
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        using var folder = new TemporaryTokenizer(new string('[', 100_000));
        Assert.Throws<EspalierException>(() => Tokenizer.Load(folder.Path));
    }

    [Fact]
    public void Missing_file_is_refused_by_name()
    {
        var error = Assert.Throws<EspalierException>(() => Tokenizer.Load(Path.Combine(Path.GetTempPath(), "no-such-folder")));
        Assert.Contains("no-such-folder", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_beside_the_file_decide_about_bos_and_eos()
    {
        var json = TemporaryTokenizer.ByteLevel();
        json["post_processor"] =
            JsonNode.Parse(
                """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>"}},{"Sequence":{"id":"A"}}],"special_tokens":{"<s>":{"ids":[258]}}}""");
        using var folder = new TemporaryTokenizer(json.ToJsonString());
        Assert.Equal((258, null), (Tokenizer.Load(folder.Path).BosId, Tokenizer.Load(folder.Path).EosId));

        File.WriteAllText(folder.File("special_tokens_map.json"), """{"eos_token":{"content":"he"}}""");
        File.WriteAllText(folder.File("tokenizer_config.json"), """{"bos_token":null}""");
        Assert.Equal((null, 256), (Tokenizer.Load(folder.Path).BosId, Tokenizer.Load(folder.Path).EosId));

        File.WriteAllText(folder.File("tokenizer_config.json"), """{"bos_token":17}""");
        Assert.Contains("bos_token", Assert.Throws<EspalierException>(() => Tokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
    }
}
