using Espalier.Models.Tokenizers;

namespace Espalier.Tests.Tokenizers;

/// <summary>
/// BOS and EOS as transformers 4 adds them: by the flags for classes of Llama's kind, by the template of tokenizer.json for all others.
/// </summary>
public sealed class BosByFlagTests
{
    private const int Bos = 258, Eos = 259;

    [Theory]
    // The flags decide in both directions, whatever the template says.
    [InlineData("LlamaTokenizerFast", true, false, "", "B")]
    [InlineData("LlamaTokenizerFast", true, true, "", "BE")]
    [InlineData("LlamaTokenizerFast", false, true, "", "E")]
    [InlineData("LlamaTokenizerFast", false, false, "BE", "")]
    [InlineData("LlamaTokenizerFast", false, true, "B", "E")]
    [InlineData("LlamaTokenizer", true, false, "", "B")]
    [InlineData("LlamaTokenizer", false, null, "B", "")]
    [InlineData("CodeLlamaTokenizer", true, false, "E", "B")]
    [InlineData("CodeLlamaTokenizerFast", true, true, "", "BE")]
    [InlineData("GemmaTokenizer", true, false, "", "B")]
    [InlineData("GemmaTokenizerFast", false, false, "B", "")]
    [InlineData("CohereTokenizerFast", false, true, "B", "E")]
    // Without flags such a class adds BOS and no EOS.
    [InlineData("LlamaTokenizerFast", null, null, "", "B")]
    [InlineData("LlamaTokenizer", null, null, "BE", "B")]
    [InlineData("LlamaTokenizer", null, true, "", "BE")]
    // Other classes ignore the flags.
    [InlineData("PreTrainedTokenizerFast", true, true, "", "")]
    [InlineData("PreTrainedTokenizerFast", false, false, "BE", "BE")]
    [InlineData("GPT2Tokenizer", true, false, "", "")]
    [InlineData("GPT2TokenizerFast", false, null, "B", "B")]
    [InlineData("Qwen2Tokenizer", true, false, "", "")]
    [InlineData("Qwen2TokenizerFast", false, false, "B", "B")]
    [InlineData("TokenizersBackend", false, true, "B", "B")]
    [InlineData(null, true, true, "", "")]
    public void Flags_decide_for_classes_of_llamas_kind_alone(string? name, bool? addBos, bool? addEos, string template, string expected)
    {
        using var folder = Folder(template, Config(name, addBos, addEos));
        var tokenizer = Tokenizer.Load(folder.Path);

        Assert.Equal(Around(expected), tokenizer.Encode("he"));
        Assert.Equal((expected.Contains('B', StringComparison.Ordinal), expected.Contains('E', StringComparison.Ordinal)),
            (tokenizer.Model.AddsBos, tokenizer.Model.AddsEos));
        Assert.Equal([256], tokenizer.Encode("he", addSpecialTokens: false));
    }

    [Theory]
    [InlineData("LlamaTokenizer", true, null, "B", null)]
    [InlineData("LlamaTokenizerFast", true, null, "",
        "puts nothing around a text, and LlamaTokenizerFast by add_bos_token and add_eos_token ")]
    [InlineData("LlamaTokenizer", false, null, "B", " nothing, which is used here and in transformers 4; transformers 5 and others")]
    [InlineData("PreTrainedTokenizerFast", true, true, "", null)]
    public void Flags_and_template_that_disagree_are_told(string name, bool? addBos, bool? addEos, string template, string? expected)
    {
        using var folder = Folder(template, Config(name, addBos, addEos));
        var told = Tokenizer.DisagreementIn(folder.Path);
        if (expected is null)
            Assert.Null(told);
        else
            Assert.Contains(expected, told, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model_type": "llama", "note": NaN}""")]
    [InlineData("""{"model_type": "llama", "note": 1, "note": 2}""")]
    public void A_config_that_only_python_reads_names_the_class_all_the_same(string config)
    {
        using var folder = Folder("", Config(null, null, null));
        File.WriteAllText(folder.File("config.json"), config);
        Assert.Equal(Around("B"), Tokenizer.Load(folder.Path).Encode("he"));
    }

    [Theory]
    [InlineData("""{"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "model_max_length": Infinity}""")]
    [InlineData("""{"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "legacy": true, "legacy": false}""")]
    public void A_tokenizer_config_that_only_python_reads_is_followed(string config)
    {
        using var folder = Folder("", config);
        Assert.Equal(Around("B"), Tokenizer.Load(folder.Path).Encode("he"));
    }

    [Theory]
    [InlineData("llama", "B")]
    [InlineData("mistral", "B")]
    [InlineData("qwen2", "")]
    [InlineData("nemotron", "")]
    public void A_folder_that_names_no_class_has_that_of_its_model_type(string type, string expected)
    {
        using var folder = Folder("", Config(null, true, null));
        File.WriteAllText(folder.File("config.json"), $$"""{"model_type": "{{type}}"}""");
        Assert.Equal(Around(expected), Tokenizer.Load(folder.Path).Encode("he"));

        File.WriteAllText(folder.File("config.json"), $$"""{"model_type": "{{type}}", "tokenizer_class": "GPT2TokenizerFast"}""");
        Assert.Equal([256], Tokenizer.Load(folder.Path).Encode("he"));
    }

    [Fact]
    public void A_null_flag_is_false_as_in_python()
    {
        using var folder = Folder("B", """{"tokenizer_class": "LlamaTokenizer", "bos_token": "<s>", "add_bos_token": null}""");
        Assert.Equal([256], Tokenizer.Load(folder.Path).Encode("he"));
    }

    [Fact]
    public void A_class_that_names_no_bos_means_its_own()
    {
        using var folder = Folder("", """{"tokenizer_class": "LlamaTokenizer", "add_eos_token": true}""");
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal((Bos, Eos), (tokenizer.BosId, tokenizer.EosId));
        Assert.Equal([Bos, 256, Eos], tokenizer.Encode("he"));
    }

    [Fact]
    public void A_flag_for_a_token_that_there_is_not_is_refused_with_the_way_out()
    {
        using var folder = Folder("", """{"tokenizer_class": "LlamaTokenizer", "bos_token": "<bos>", "add_bos_token": true}""");
        var error = Assert.Throws<EspalierException>(() => Tokenizer.Load(folder.Path));
        Assert.Contains("tokenizer_config.json: add_bos_token is true for LlamaTokenizer, but bos_token names no token of tokenizer.json",
            error.Message, StringComparison.Ordinal);

        // Nobody asked for it: then the template stays.
        File.WriteAllText(folder.File("tokenizer_config.json"), """{"tokenizer_class": "LlamaTokenizer", "bos_token": null}""");
        Assert.Equal([256], Tokenizer.Load(folder.Path).Encode("he"));
    }

    [Fact]
    public void What_the_flags_change_is_in_the_hash()
    {
        using var plain = Folder("B", Config("PreTrainedTokenizerFast", false, false));
        using var same = Folder("B", Config("LlamaTokenizer", true, false));
        using var other = Folder("B", Config("LlamaTokenizer", false, false));
        Assert.Equal(Tokenizer.Load(plain.Path).Sha256, Tokenizer.Load(same.Path).Sha256);
        Assert.NotEqual(Tokenizer.Load(plain.Path).Sha256, Tokenizer.Load(other.Path).Sha256);
    }

    [Fact]
    public void A_text_that_brings_its_own_bos_gets_a_second_one_and_is_found()
    {
        using var folder = Folder("B", Config("LlamaTokenizer", true, false));
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal([Bos, Bos, 256], tokenizer.Encode("<s>he"));
        Assert.True(tokenizer.DoublesBos(tokenizer.Encode("<s>he")));
        Assert.False(tokenizer.DoublesBos(tokenizer.Encode("he<s>")));
        Assert.False(tokenizer.DoublesBos(tokenizer.Encode("<s>he", addSpecialTokens: false)));
    }

    private static int[] Around(string expected) =>
        [.. expected.Contains('B', StringComparison.Ordinal) ? [Bos]
            : Array.Empty<int>(), 256, .. expected.Contains('E', StringComparison.Ordinal) ? [Eos] : Array.Empty<int>()];

    private static string Config(string? name, bool? addBos, bool? addEos)
    {
        var config = new JsonObject { ["bos_token"] = "<s>", ["eos_token"] = new JsonObject { ["content"] = "</s>" } };
        foreach (var (key, value) in new (string, JsonNode?)[] { ("tokenizer_class", name), ("add_bos_token", addBos),
            ("add_eos_token", addEos) })
            if (value is not null)
                config[key] = value;
        return config.ToJsonString();
    }

    private static TemporaryTokenizer Folder(string template, string config)
    {
        var json = TemporaryTokenizer.ByteLevel();
        json["added_tokens"]!.AsArray().Add(new JsonObject { ["id"] = Eos, ["content"] = "</s>", ["special"] = true });
        if (template.Length > 0)
        {
            JsonObject Special(string token) => new() { ["SpecialToken"] = new JsonObject { ["id"] = token, ["type_id"] = 0 } };
            var single = new JsonArray(new JsonObject { ["Sequence"] = new JsonObject { ["id"] = "A", ["type_id"] = 0 } });
            if (template.Contains('B', StringComparison.Ordinal))
                single.Insert(0, Special("<s>"));
            if (template.Contains('E', StringComparison.Ordinal))
                single.Add(Special("</s>"));
            json["post_processor"] = new JsonObject
            {
                ["type"] = "TemplateProcessing",
                ["single"] = single,
                ["special_tokens"] = new JsonObject
                {
                    ["<s>"] = new JsonObject { ["id"] = "<s>", ["ids"] = new JsonArray(Bos) },
                    ["</s>"] = new JsonObject { ["id"] = "</s>", ["ids"] = new JsonArray(Eos) },
                },
            };
        }
        var folder = new TemporaryTokenizer(json.ToJsonString());
        File.WriteAllText(folder.File("tokenizer_config.json"), config);
        return folder;
    }
}
