using Espalier.Compression.Distillation.Losses;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Distillation;

/// <summary>Folders of a config and a tokenizer, without weights: what may be distilled into what.</summary>
public sealed class VocabularyAlignmentTests : IDisposable
{
    private static readonly string s_model = Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void One_tokenizer_and_one_size_need_no_word() =>
        Assert.Equal(new VocabularyAlignment(4096, null), VocabularyAlignment.Of(Model("a", 4096), Model("b", 4096)));

    [Theory]
    [InlineData(4096, 4224)]
    [InlineData(4224, 4096)]
    [InlineData(4100, 4111)]
    public void Sizes_that_differ_by_padding_are_compared_on_what_the_tokenizer_knows(int teacher, int student)
    {
        var alignment = VocabularyAlignment.Of(Model("a", teacher), Model("b", student));
        Assert.Equal(4096, alignment.Size);
        Assert.Contains($"the teacher's {teacher} and the student's {student} entries differ by padding", alignment.Note);
    }

    [Fact]
    public void Padding_that_both_have_does_not_count_where_the_sizes_differ()
    {
        // Ids 0 to 4095 are tokens; 4096 to 4159 are rows of both models that stand for nothing.
        var alignment = VocabularyAlignment.Of(Model("a", 4160), Model("b", 4224));
        Assert.Equal(4096, alignment.Size);
    }

    [Fact]
    public void A_file_that_is_written_differently_and_means_the_same_is_the_same_tokenizer()
    {
        var other = Model("b", 4096, Tokenizer());
        Assert.NotEqual(File.ReadAllText(Path.Combine(s_model, "tokenizer.json")), File.ReadAllText(Path.Combine(other, "tokenizer.json")));
        Assert.Equal(new VocabularyAlignment(4096, null), VocabularyAlignment.Of(Model("a", 4096), other));
    }

    [Fact]
    public void Tokenizers_that_differ_are_refused_with_the_first_id_that_does()
    {
        var swapped = Tokenizer();
        var vocabulary = swapped["model"]!["vocab"]!.AsObject();
        var (first, second) = (TokenOf(vocabulary, 1000), TokenOf(vocabulary, 2000));
        (vocabulary[first], vocabulary[second]) = (2000, 1000);
        var error = Refused(Model("a", 4096), Model("b", 4096, swapped));
        Assert.Contains($"id 1000 is '{first}' in ", error);
        Assert.Contains($"and '{second}' in ", error);
        Assert.Contains("use a student pruned from the teacher,", error);
    }

    [Fact]
    public void Control_tokens_that_one_side_has_besides_are_fine_and_told()
    {
        var more = WithAdded(Tokenizer(), 4096, "<|tool|>");
        var alignment = VocabularyAlignment.Of(Model("a", 4224), Model("b", 4224, more));
        Assert.Equal(4224, alignment.Size);
        Assert.Contains("only one of the two tokenizers has 4096 '<|tool|>'", alignment.Note);
        Assert.Equal(4097, VocabularyAlignment.Of(Model("c", 4224), Model("d", 4352, more)).Size);
    }

    [Theory]
    [InlineData(4096, 4096)]
    [InlineData(4224, 4352)]
    public void Control_tokens_of_one_id_and_two_names_are_listed_in_a_warning(int teacher, int student)
    {
        var alignment = VocabularyAlignment.Of(Model("a", teacher), Model("b", student, Renamed(4090, "<|finetune_right_pad_id|>")));
        Assert.Equal(4096, alignment.Size);
        Assert.Contains(
            "1 control token has another name in the student: 4090 '<|reserved_special_token_5|>' is '<|finetune_right_pad_id|>' there",
            alignment.Warning);
        Assert.Equal(teacher == student, alignment.Note is null);
    }

    [Fact]
    public void A_long_list_of_renamed_control_tokens_is_cut()
    {
        var renamed = Enumerable.Range(4085, 11).Aggregate(Tokenizer(), (tokenizer, id) => Renamed(id, $"<|new_{id}|>", tokenizer));
        var warning = VocabularyAlignment.Of(Model("a", 4096), Model("b", 4096, renamed)).Warning;
        Assert.Contains("11 control tokens have another name in the student: 4085 ", warning);
        Assert.Contains("4092 '<|reserved_special_token_7|>' is '<|new_4092|>' there and 3 more", warning);
    }

    [Fact]
    public void Control_tokens_that_changed_places_are_refused()
    {
        var swapped = Renamed(4086, "<|reserved_special_token_0|>", Renamed(4085, "<|reserved_special_token_1|>"));
        Assert.Contains("id 4085 is '<|reserved_special_token_0|>' in ", Refused(Model("a", 4096), Model("b", 4096, swapped)));
    }

    [Fact]
    public void A_renamed_token_that_begins_texts_here_and_ends_them_there_is_refused()
    {
        var renamed = Renamed(4081, "<|a|>", Renamed(4080, "<|b|>"));
        var (teacher, student) = (Model("a", 4096), Model("b", 4096, renamed));
        File.WriteAllText(Path.Combine(teacher, "tokenizer_config.json"),
            """{"bos_token": "<|begin_of_text|>", "eos_token": "<|end_of_text|>"}""");
        File.WriteAllText(Path.Combine(student, "tokenizer_config.json"), """{"bos_token": "<|a|>", "eos_token": "<|b|>"}""");
        Assert.Contains("id 4080 is '<|begin_of_text|>' in ", Refused(teacher, student));
        File.WriteAllText(Path.Combine(student, "tokenizer_config.json"), """{"bos_token": "<|b|>", "eos_token": "<|a|>"}""");
        Assert.Contains("2 control tokens have another name", VocabularyAlignment.Of(teacher, student).Warning);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_control_token_that_decoding_shows_on_one_side_is_renamed_like_others(bool teacher, bool student)
    {
        // As <think> stands in the place of a reserved token.
        var (one, other) =
            (WithAdded(Tokenizer(), 4096, "<|reserved_9|>", special: teacher), WithAdded(Tokenizer(), 4096, "<think>", special: student));
        Assert.Contains("4096 '<|reserved_9|>' is '<think>' there",
            VocabularyAlignment.Of(Model("a", 4224, one), Model("b", 4224, other)).Warning);
    }

    [Fact]
    public void A_text_token_of_another_name_is_refused_though_it_was_added_later()
    {
        var (one, other) = (WithAdded(Tokenizer(), 4096, "<tool>", special: false), WithAdded(Tokenizer(), 4096, "<user>", special: false));
        Assert.Contains("id 4096 is '<tool>' in ", Refused(Model("a", 4224, one), Model("b", 4224, other)));
    }

    [Fact]
    public void A_model_with_fewer_rows_than_its_tokenizer_has_ids_is_refused_with_both_numbers() =>
        Assert.Contains("has a vocabulary of 4000 but its tokenizer has 4096 ids", Refused(Model("a", 4096), Model("b", 4000)));

    [Theory]
    [InlineData(128, 128, 128)]
    [InlineData(100, 128, 100)]
    [InlineData(192, 130, 130)]
    [InlineData(256, 130, 130)]
    public void Without_a_tokenizer_sizes_must_be_equal_or_one_the_other_rounded_up(int teacher, int student, int size)
    {
        var alignment = VocabularyAlignment.Of(Bare("a", teacher), Bare("b", student));
        Assert.Equal(size, alignment.Size);
        Assert.Equal(teacher == student, alignment.Note is null);
    }

    [Theory]
    [InlineData(100, 200)]
    [InlineData(151_936, 152_064)]
    [InlineData(100, 256)]
    public void Without_a_tokenizer_other_sizes_are_refused(int teacher, int student)
    {
        var error = Refused(Bare("a", teacher), Bare("b", student));
        Assert.Contains($"has a vocabulary of {teacher} but ", error);
        Assert.Contains($"one of {student}", error);
        Assert.Contains("tokenizer.json", error);
    }

    private static string Refused(string teacher, string student) =>
        Assert.Throws<EspalierException>(() => VocabularyAlignment.Of(teacher, student)).Message;

    private static JsonObject Tokenizer() => JsonNode.Parse(File.ReadAllText(Path.Combine(s_model, "tokenizer.json")))!.AsObject();

    private static string TokenOf(JsonObject vocabulary, int id) => vocabulary.First(entry => (int)entry.Value! == id).Key;

    private static JsonObject WithAdded(JsonObject tokenizer, int id, string content, bool special = true)
    {
        tokenizer["added_tokens"]!.AsArray().Add(new JsonObject { ["id"] = id, ["content"] = content, ["special"] = special });
        return tokenizer;
    }

    private static JsonObject Renamed(int id, string content, JsonObject? tokenizer = null)
    {
        tokenizer ??= Tokenizer();
        tokenizer["added_tokens"]!.AsArray().Single(token => (int)token!["id"]! == id)!["content"] = content;
        return tokenizer;
    }

    private string Model(string name, int vocabulary, JsonObject? tokenizer = null)
    {
        var folder = Bare(name, vocabulary);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), tokenizer?.ToJsonString()
            ?? File.ReadAllText(Path.Combine(s_model, "tokenizer.json")));
        return folder;
    }

    private string Bare(string name, int vocabulary)
    {
        var folder = Directory.CreateDirectory(_folder.Of(name)).FullName;
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(s_model, "config.json")))!.AsObject();
        config["vocab_size"] = vocabulary;
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        return folder;
    }
}
