using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Instructions;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Tests.Texts;

/// <summary>Each kind of IFEval's instructions, on responses that follow it and responses that do not.</summary>
public sealed class InstructionTests
{
    private const string Frequent = """{"keyword": " sun ", "frequency": 2, "relation": "at least"}""";
    private const string Rare = """{"keyword": "sun", "frequency": 2, "relation": "less than"}""";
    private const string Third = """{"num_paragraphs": 3, "nth_paragraph": 2, "first_word": "Rain"}""";
    private const string Shouts = """{"capital_relation": "at least", "capital_frequency": 3}""";
    private const string Whispers = """{"capital_relation": "less than", "capital_frequency": 2}""";

    [Theory]
    [InlineData("keywords:existence", """{"keywords": ["Sun", "moon"]}""", "Sunny, and a MOON.", "Only sun.")]
    [InlineData("keywords:existence", """{"keywords": ["c.t"]}""", "A cut.", "A cart.")]
    [InlineData("keywords:frequency", Frequent, "Sun and sunlight", "One sun")]
    [InlineData("keywords:frequency", Rare, "Sun", "sun SUN")]
    [InlineData("keywords:forbidden_words", """{"forbidden_words": ["sun", "sea"]}""", "Sunny seaside, sun_", "By the SEA.")]
    [InlineData("keywords:letter_frequency", """{"letter": "Q", "let_frequency": 3, "let_relation": "at least"}""", "Qq q", "q Q")]
    [InlineData("keywords:letter_frequency", """{"letter": "q", "let_frequency": 2, "let_relation": "less than"}""", "Q", "qQ")]
    [InlineData("keywords:letter_frequency", """{"letter": "#", "let_frequency": 2, "let_relation": "at least"}""", "# #", "# q")]
    [InlineData("keywords:letter_frequency", """{"letter": "i", "let_frequency": 1, "let_relation": "at least"}""", "İ", "ı")]
    [InlineData("language:response_language", """{"language": "de"}""", "Das ist nicht mein Haus.", "This is not my house.")]
    [InlineData("language:response_language", """{"language": "kn"}""", "ನಮಸ್ಕಾರ (hello)", "hello (ನಮ)")]
    [InlineData("language:response_language", """{"language": "fr"}""", "123 + 4", "C'était")]
    [InlineData("length_constraints:number_sentences", """{"num_sentences": 3, "relation": "at least"}""", "Ah bee. Cee! Eff?",
        "Dr. No at 3.5 p.m. Go!")]
    [InlineData("length_constraints:number_sentences", """{"num_sentences": 2, "relation": "less than"}""",
        "So ... it goes", "So. It goes.")]
    [InlineData("length_constraints:number_paragraphs", """{"num_paragraphs": 2}""", "***\na\n***\nb\n***", "a *** *** b")]
    [InlineData("length_constraints:number_paragraphs", """{"num_paragraphs": 2}""", "a***b", "a***b***c")]
    [InlineData("length_constraints:number_words", """{"num_words": 4, "relation": "at least"}""", "I don't know", "well-known word")]
    [InlineData("length_constraints:number_words", """{"num_words": 2, "relation": "less than"}""", "snake_case2", "kebab-case")]
    [InlineData("length_constraints:nth_paragraph_first_word", Third, "a\n\n'rain, rain'\n\nc", "a\n\nRainy\n\nc")]
    [InlineData("length_constraints:nth_paragraph_first_word", Third, "a\n\n\"Rain.\n\nc\n\n ", "a\n\nrain\n\nc\n\nd")]
    [InlineData("length_constraints:nth_paragraph_first_word", Third, "a\n\nrain\n\nb", "a\n\n\n\nrain\n\nb")]
    [InlineData("detectable_content:number_placeholders", """{"num_placeholders": 2}""", "[a] and []", "[a\nb] [c]")]
    [InlineData("detectable_content:postscript", """{"postscript_marker": "P.S."}""", "Bye\np. s. more", "Bye\nPS more")]
    [InlineData("detectable_content:postscript", """{"postscript_marker": "P.P.S"}""", "P.P. S", "P.S.")]
    [InlineData("detectable_content:postscript", """{"postscript_marker": "Note:"}""", "and a NOTE: this", "note this")]
    [InlineData("detectable_format:number_bullet_lists", """{"num_bullets": 3}""", "* a\n - b\n\n*c", "* a\n** b\n- c")]
    [InlineData("detectable_format:constrained_response", "{}", "Well: My answer is no. Really", "my answer is no.")]
    [InlineData("detectable_format:number_highlighted_sections", """{"num_highlights": 2}""", "**a** and *b*", "** ** *a* *\n*")]
    [InlineData("detectable_format:number_highlighted_sections", """{"num_highlights": 2}""", "***a***", "*a")]
    [InlineData("detectable_format:multiple_sections", """{"section_spliter": "Part ", "num_sections": 2}""",
        "Part 1 a\nPart2 b", "Part 1 a Part b")]
    [InlineData("detectable_format:json_format", "{}", "```json\n{\"a\": [1, -0.5e3, NaN, \"\\u00e9\"]}\n```", "{\"a\": 1,}")]
    [InlineData("detectable_format:json_format", "{}", " \"text\" ", "{'a': 1}")]
    [InlineData("detectable_format:json_format", "{}", "[[], {}, null, true]", "01")]
    [InlineData("detectable_format:json_format", "{}", "-Infinity", "\"a\nb\"")]
    [InlineData("detectable_format:title", "{}", "Now <<a b>>", "<< >> <<a\n>>")]
    [InlineData("combination:two_responses", "{}", "******\na\n******\nb", "a ****** a")]
    [InlineData("combination:two_responses", "{}", "a******b", "a ****** ****** b")]
    [InlineData("combination:repeat_prompt", """{"prompt_to_repeat": "Say it. "}""", " say IT. So be it.", "So: say it.")]
    [InlineData("startend:end_checker", """{"end_phrase": " Bye now."}""", "\"Well, bye NOW.\"", "Bye now. x")]
    [InlineData("startend:quotation", "{}", " \"a\" \n", "\"a")]
    [InlineData("startend:quotation", "{}", "\"\"", "\"")]
    [InlineData("change_case:capital_word_frequency", Shouts, "I DON'T", "I do NOT")]
    [InlineData("change_case:capital_word_frequency", Shouts, "A*B*C", "A-B-C d")]
    [InlineData("change_case:capital_word_frequency", Shouts, "IT'S SO.", "CANNOT")]
    [InlineData("change_case:capital_word_frequency", Whispers, "U.S. and Iv", "I am B2B")]
    [InlineData("change_case:english_capital", "{}", "THIS IS THE ONE, NO. 1", "This IS THE ONE")]
    [InlineData("change_case:english_lowercase", "{}", "this is the one: 1", "this is the One")]
    [InlineData("change_case:english_lowercase", "{}", "where are they?", "das ist nicht mein haus")]
    [InlineData("punctuation:no_comma", "{}", "a; b", "a, b")]
    public void Each_kind_knows_what_follows_it(string id, string asked, string follows, string fails)
    {
        Assert.True(Score(id, asked, follows).Strict[0], follows);
        Assert.False(Score(id, asked, fails).Strict[0], fails);
    }

    [Fact]
    public void An_empty_response_follows_nothing()
    {
        foreach (var response in (string[])["", " \n ", "\u2003"])
        {
            var verdicts = Score("punctuation:no_comma", "{}", response);
            Assert.False(verdicts.FollowsAllStrictly);
            Assert.False(verdicts.FollowsAllLoosely);
        }
    }

    [Theory]
    [InlineData("Sure, here:\nno more", true)]
    [InlineData("no more\nSure, that", true)]
    [InlineData("Sure, here:\nno more\nBye, now", true)]
    [InlineData("Sure, here: no more", false)]
    [InlineData("Sure, here:\nBye, now", false)]
    public void Loosely_first_and_last_line_do_not_count(string response, bool follows)
    {
        var verdicts = Score("punctuation:no_comma", "{}", response);
        Assert.False(verdicts.Strict[0]);
        Assert.Equal(follows, verdicts.Loose[0]);
    }

    [Fact]
    public void Loosely_asterisks_do_not_count()
    {
        var verdicts = Score("startend:quotation", "{}", "Sure:\n*\"a\"*");
        Assert.False(verdicts.Strict[0]);
        Assert.True(verdicts.Loose[0]);
    }

    [Fact]
    public void Shares_are_of_documents_and_of_instructions()
    {
        Assert.Equal(["prompt_level_strict_acc", "inst_level_strict_acc", "prompt_level_loose_acc", "inst_level_loose_acc"],
            InstructionResult.Metrics);
        Assert.Equal([0.5, 0.5, 1, 1], Shares(
            new(["a", "b", "c"], [true, false, false], [true, true, true]), new(["a"], [true], [true])));
        Assert.Equal([0.5, 0.75, 0.5, 0.75], Shares(
            new(["a", "b", "c"], [true, true, true], [true, true, true]), new(["a"], [false], [false])));

        static IEnumerable<double> Shares(params InstructionVerdicts[] verdicts)
        {
            var document = new TaskDocument(default, "here", 0);
            DocumentResult[] results = [.. verdicts.Select(of =>
                new InstructionResult(new(document, ""), new("", 1, GenerationEnd.Length, 0), of))];
            return InstructionResult.Metrics.Select(metric => TaskMetric.Of(new(metric), results).Value);
        }
    }

    [Fact]
    public void Standard_errors_are_those_of_the_harness_for_documents_and_of_a_ratio_for_instructions()
    {
        // lm_eval/api/metrics.py, mean_stderr: the sample's deviation with n - 1, over the root of n.
        var document = new TaskDocument(default, "here", 0);
        DocumentResult[] results = [.. new[] { true, false, false, true, true }.Select((follows, i) => new InstructionResult(
            new(document, ""), new("", 1, GenerationEnd.Length, 0), new(["a", "b"], [follows, i == 0], [follows, true])))];
        Assert.Equal(Math.Sqrt(0.3 / 5), TaskMetric.Of(new("prompt_level_loose_acc"), results).StandardError!.Value, 1e-12);
        Assert.Equal(new[] { 1.0, 0, 0, 0.5, 0.5 }.Select(share => Math.Pow(share - 0.4, 2)).Sum() / 4 / 5,
            Math.Pow(TaskMetric.Of(new("inst_level_strict_acc"), results).StandardError!.Value, 2), 1e-12);
    }

    [Theory]
    [InlineData("length_constraints:number_words", """{"num_words": null, "relation": "at least"}""",
        "num_words is missing; a whole number")]
    [InlineData("length_constraints:number_words", """{"num_words": 2.5, "relation": "at least"}""",
        "num_words is 2.5; a whole number")]
    [InlineData("length_constraints:number_words", """{"num_words": 2, "relation": "at most"}""",
        "relation is \"at most\"; \"at least\" or")]
    [InlineData("length_constraints:number_words", "{}", "num_words is missing")]
    [InlineData("keywords:existence", """{"keywords": []}""", "keywords is []; a list of texts, at least one")]
    [InlineData("keywords:existence", """{"keywords": ["c++("]}""", "a regular expression")]
    [InlineData("keywords:letter_frequency", """{"letter": "ab", "let_frequency": 1, "let_relation": "at least"}""", "one letter")]
    [InlineData("length_constraints:nth_paragraph_first_word", """{"num_paragraphs": 2, "nth_paragraph": 3, "first_word": "a"}""",
        "from 1 to 2")]
    [InlineData("language:response_language", """{"language": "xx"}""", "language is \"xx\"")]
    [InlineData("punctuation:no_coma", "{}", "there is no instruction 'punctuation:no_coma'")]
    public void What_is_asked_for_is_checked(string id, string asked, string message)
    {
        var error = Assert.Throws<EspalierException>(() => Score(id, asked, "a"));
        Assert.Contains(message, error.Message);
        Assert.StartsWith("mine.jsonl, line 7: ", error.Message);
    }

    [Fact]
    public void Arguments_belong_to_instructions_one_to_one()
    {
        var document = Document("""{"instruction_id_list": ["punctuation:no_comma"], "kwargs": []}""");
        Assert.Contains("kwargs must be a list of objects, one for each of the 1 entries",
            Assert.Throws<EspalierException>(() => InstructionScorer.Score(document, "a")).Message);
    }

    private static InstructionVerdicts Score(string id, string asked, string response) => InstructionScorer.Score(
        Document($$"""{"instruction_id_list": ["{{id}}"], "kwargs": [{{asked}}]}"""), response);

    private static TaskDocument Document(string json) => new(JsonDocument.Parse(json).RootElement, "mine.jsonl, line 7", 0);
}
