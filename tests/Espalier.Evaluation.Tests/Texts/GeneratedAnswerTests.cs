using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Texts;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Texts;

/// <summary>Answers are found and compared as lm-evaluation-harness's version 3 of GSM8K does.</summary>
public sealed class GeneratedAnswerTests
{
    private static readonly TaskDefinition s_gsm8k = TaskCatalog.Find("gsm8k");

    private static GenerateKind Gsm8k => (GenerateKind)s_gsm8k.Kind;

    // Right answer, response, what strict and flexible find and whether that is right.
    [Theory]
    [InlineData("18", "16 - 7 = 9\n#### 18", "18", true, "18", true)]
    [InlineData("1234", "so it is\n#### 1,234", "1,234", true, "1,234", true)]
    [InlineData("1,234", "#### 1234.", "1234.", true, "1234.", true)]
    [InlineData("-5", "#### -5", "-5", true, "-5", true)]
    [InlineData("5", "#### $5", "[invalid]", false, "$5", true)]
    [InlineData("5", "#### -$5", "[invalid]", false, "-$5", false)]
    [InlineData("7", "She has 7 apples.", "[invalid]", false, "7", true)]
    [InlineData("7", "It costs $7.", "[invalid]", false, "$7.", true)]
    [InlineData("7", "#### 7\nThat leaves 3", "7", true, "3", false)]
    [InlineData("7", "#### 7\n#### 8", "7", true, "8", false)]
    [InlineData("7", "#### 3\nNo: #### 7", "3", false, "7", true)]
    [InlineData("7", "no number at all", "[invalid]", false, "[invalid]", false)]
    [InlineData("7", "", "[invalid]", false, "[invalid]", false)]
    [InlineData("7", "####7", "[invalid]", false, "7", true)]
    [InlineData("7", "#### 7.0", "7.0", false, "7.0", false)]
    [InlineData("7", "7 ...", "[invalid]", false, "...", false)]
    [InlineData("7", "#### ,7", ",7", true, ",7", true)]
    [InlineData("50", "50%", "[invalid]", false, "50", true)]
    public void Strict_takes_what_follows_the_mark_and_flexible_the_last_number(string right, string response, string strict,
        bool strictIsRight, string flexible, bool flexibleIsRight) => Assert.Equal(
            [new("strict-match", strict, strictIsRight), new("flexible-extract", flexible, flexibleIsRight)],
            Gsm8k.Judge(Document($"some steps\n#### {right}"), response));

    [OutsideFact("benchmarks/gsm8k/test.jsonl")]
    public void Every_answer_of_the_benchmark_is_right_and_that_of_another_question_mostly_wrong()
    {
        var subject = Assert.Single(TaskData.Read(s_gsm8k, Fixtures.Outside("benchmarks"), shots: true));
        var prompts = GeneratedPrompts.Of(s_gsm8k, subject, s_gsm8k.Shots.Count);
        Assert.Equal((1319, 7473), (prompts.Count, subject.Shots.Count));
        var wrong = 0;
        foreach (var (i, prompt) in prompts.Index())
        {
            var answer = prompt.Document.Text(["answer"]);
            Assert.All(Gsm8k.Judge(prompt.Document, answer), verdict => Assert.True(verdict.IsRight));
            Assert.EndsWith($"\n\nQuestion: {prompt.Document.Text(["question"])}\nAnswer:", prompt.Text, StringComparison.Ordinal);
            Assert.Equal(5, prompt.Text.Split("\n#### ").Length - 1);
            var other = prompts[(i + 1) % prompts.Count].Document.Text(["answer"]);
            wrong += Gsm8k.Judge(prompt.Document, other).All(verdict => !verdict.IsRight) ? 1 : 0;
        }
        Assert.InRange(wrong, 1250, 1318);
    }

    [Fact]
    public void A_task_without_filters_compares_all_that_was_written()
    {
        var task = TaskFile.Parse("kind: generate\ntest: a.jsonl\nprompt: '{q}'\ntarget: '{answer}'\ncompare:\n  ignore-case: true\n",
            "own.yaml");
        var kind = (GenerateKind)task.Kind;
        Assert.Equal((256, 0), (kind.MaxTokens, kind.Stop.Count));
        Assert.Equal(["exact_match,none"], kind.Metrics.Select(metric => metric.Name));
        Assert.True(Assert.Single(kind.Judge(Document("Paris"), "paris")).IsRight);
        Assert.False(Assert.Single(kind.Judge(Document("Paris"), " paris")).IsRight);
    }

    [Theory]
    [InlineData("filters:\n  a:\n    regex: '(['", "own.yaml, line 7: regex: '([' is not a regular expression")]
    [InlineData("filters:\n  a:\n    regex: '(?P<n>.)'", "a named group;")]
    [InlineData("filters:\n  a:\n    match: last", "own.yaml: regex is missing")]
    [InlineData("filters:\n  a: x", "own.yaml, line 6: filters.a must be keys with values")]
    [InlineData("filters: x", "must be names")]
    [InlineData("max-tokens: 0", "must be a whole number from 1")]
    [InlineData("choices: [a, b]", "choices is not a key here")]
    public void What_is_wrong_in_a_task_is_named(string keys, string message) => Assert.Contains(message,
        Assert.Throws<EspalierException>(
            () => TaskFile.Parse($"kind: generate\ntest: a.jsonl\nprompt: '{{q}}'\ntarget: x\n{keys}\n", "own.yaml")).Message);

    [Fact]
    public void Each_kind_has_keys_of_its_own() => Assert.Contains("target is not a key here", Assert.Throws<EspalierException>(
        () => TaskFile.Parse("test: a.jsonl\nprompt: q\nchoices: [a, b]\nanswer: '0'\ntarget: x\n", "own.yaml")).Message);

    private static TaskDocument Document(string answer) =>
        new(JsonSerializer.SerializeToElement(new Dictionary<string, string> { ["answer"] = answer }), "here", 0);
}
