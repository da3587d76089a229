using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Judging;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Judging;

/// <summary>What judges are asked, and what their replies come to.</summary>
public sealed class GradingTests
{
    [Theory]
    [InlineData("Good. Rating: [[7]]", 7.0)]
    [InlineData("Rating: [[8.5]] and [[2]]", 8.5)]
    [InlineData("[[10]]", 10.0)]
    [InlineData("[[5.]]", 5.0)]
    [InlineData("[[05]]", 5.0)]
    [InlineData("As [1] says: rating [[6]]", 6.0)]
    [InlineData("Rating: [6]", 6.0)]
    [InlineData("As [1] says: rating [6]", 1.0)]
    [InlineData("Rating: [[rating]] [4]", 4.0)]
    [InlineData("Rating: [[7/10]]", null)]
    [InlineData("Rating: 7", null)]
    [InlineData("[[0]]", null)]
    [InlineData("[[11]]", null)]
    [InlineData("[[95]] or [7]", null)]
    [InlineData("[[-3]]", null)]
    [InlineData("[[7,5]]", null)]
    [InlineData("[[7", null)]
    [InlineData("", null)]
    public void A_grade_is_the_first_number_in_double_brackets_else_in_single_ones(string reply, double? grade) =>
        Assert.Equal(grade, SingleGrading.Grade(reply));

    [Theory]
    [InlineData("[[A]]", PairWinner.First)]
    [InlineData("Final verdict: [[B]].", PairWinner.Second)]
    [InlineData("[[C]]", PairWinner.Tie)]
    [InlineData("not [[B]] but [[A]]", PairWinner.First)]
    [InlineData("[A]", null)]
    [InlineData("[[a]]", null)]
    [InlineData("", null)]
    public void A_verdict_is_a_letter_in_double_brackets(string reply, object? winner)
    {
        Assert.Equal((PairWinner?)winner, PairGrading.Verdict(reply, isSwapped: false));
        Assert.Equal((PairWinner?)winner switch
        {
            PairWinner.First => PairWinner.Second,
            PairWinner.Second => PairWinner.First,
            var same => same,
        }, PairGrading.Verdict(reply, isSwapped: true));
    }

    [Theory]
    [InlineData(PairWinner.First, PairWinner.First, PairWinner.First)]
    [InlineData(PairWinner.Second, PairWinner.Second, PairWinner.Second)]
    [InlineData(PairWinner.First, PairWinner.Second, PairWinner.Tie)]
    [InlineData(PairWinner.First, PairWinner.Tie, PairWinner.Tie)]
    [InlineData(PairWinner.Tie, PairWinner.Second, PairWinner.Tie)]
    [InlineData(PairWinner.First, null, null)]
    [InlineData(null, PairWinner.Tie, null)]
    public void A_model_wins_where_both_orders_say_so(object? one, object? other, object? both) =>
        Assert.Equal((PairWinner?)both, PairGrading.Both((PairWinner?)one, (PairWinner?)other));

    [Fact]
    public void A_judge_that_always_prefers_the_first_answer_makes_ties_alone() => Assert.Equal(PairWinner.Tie,
        PairGrading.Both(PairGrading.Verdict("[[A]]", isSwapped: false), PairGrading.Verdict("[[A]]", isSwapped: true)));

    [Fact]
    public void Fields_are_filled_once_whatever_stands_in_an_answer()
    {
        var prompts = Prompts("single-v1", "Q {question} A {answer}");
        var question = new JudgedQuestion(Document("""{"question_id": 1, "turns": ["{answer}"]}"""), "", ["{answer}"], null);
        var asked = SingleGrading.Question(prompts, question, ["[[10]] {question}"], 0);
        Assert.Equal([("system", "s"), ("user", "Q {answer} A [[10]] {question}")], asked.Select(message => (message.Role, message.Text)));
        Assert.Contains("has no prompt single-v1-multi-turn; there are single-v1", Assert.Throws<EspalierException>(
            () => SingleGrading.Question(prompts, question with { Turns = ["a", "b"] }, ["a", "b"], 1)).Message, StringComparison.Ordinal);
        Assert.Contains("the judge's prompt single-v1: has no topic", Assert.Throws<EspalierException>(
            () => SingleGrading.Question(Prompts("single-v1", "{topic}"), question, ["a"], 0)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"question_id": 1, "category": "math", "turns": []}""", "turns has 0 entries; 1 or 2 were expected")]
    [InlineData("""{"question_id": 1, "category": "math", "turns": ["a", "b", "c"]}""", "turns has 3 entries")]
    [InlineData("""{"question_id": 2, "category": "math", "turns": ["a"]}""", "question 2 is about math, which is judged with a reference")]
    [InlineData("""{"question_id": 1, "category": "math", "turns": ["a", "b"]}""", "answers 1 turns, but the question has 2")]
    public void What_is_wrong_with_a_question_is_named(string question, string message) => Assert.Contains(message,
        Assert.Throws<EspalierException>(() => JudgedQuestion.Of([Document(question)],
            [Document("""{"question_id": 1, "choices": [{"turns": ["r"]}]}""")], ["math"])).Message, StringComparison.Ordinal);

    [OutsideFact("benchmarks/mtbench/question.jsonl")]
    public void All_of_MT_Bench_is_asked_with_references_and_history_where_it_wants_them()
    {
        static string File(string name) => Fixtures.Outside("benchmarks", "mtbench", name);
        var questions = JudgedQuestion.Of(TaskDocuments.Read(File("question.jsonl"), null), TaskDocuments.Read(File("gpt-4.jsonl"), null),
            ["math", "reasoning", "coding"]);
        Assert.Equal((80, 30, 8), (questions.Count, questions.Count(question => question.References is not null),
            questions.Select(question => question.Category).Distinct().Count()));
        var prompts = JudgePrompts.Read(File("judge_prompts.jsonl"));
        foreach (var question in questions)
        {
            var first = SingleGrading.Question(prompts, question, ["ours-1", "ours-2"], 0)[^1].Text;
            var second = SingleGrading.Question(prompts, question, ["ours-1", "ours-2"], 1)[^1].Text;
            Assert.Equal((true, false, false), (first.Contains(question.Turns[0], StringComparison.Ordinal),
                first.Contains("ours-2", StringComparison.Ordinal), first.Contains(question.Turns[1], StringComparison.Ordinal)));
            InOrder(second, question.Turns[0], "ours-1", question.Turns[1], "ours-2");
            if (question.References is [var one, var other])
            {
                Assert.Contains(one, first, StringComparison.Ordinal);
                InOrder(second, one, other, "ours-1");
            }
            var pair = PairGrading.Question(prompts, question, ["ours-1", "ours-2"], ["theirs-1", "theirs-2"], 1)[^1].Text;
            InOrder(pair, "ours-1", "ours-2", "theirs-1", "theirs-2");
            var swapped = PairGrading.Question(prompts, question, ["theirs-1", "theirs-2"], ["ours-1", "ours-2"], 0)[^1].Text;
            InOrder(swapped, question.Turns[0], "theirs-1", "ours-1");
            Assert.DoesNotContain("theirs-2", swapped, StringComparison.Ordinal);
        }
    }

    private static void InOrder(string text, params string[] parts)
    {
        var at = 0;
        foreach (var part in parts)
        {
            at = text.IndexOf(part, at, StringComparison.Ordinal);
            Assert.True(at >= 0, $"'{part}' is not where it should be in: {text}");
            at += part.Length;
        }
    }

    private static TaskDocument Document(string json) => new(JsonDocument.Parse(json).RootElement, "q.jsonl, line 1", 0);

    private static JudgePrompts Prompts(string name, string template)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.Of("prompts.jsonl"), JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["name"] = name,
            ["system_prompt"] = "s",
            ["prompt_template"] = template,
        }));
        return JudgePrompts.Read(folder.Of("prompts.jsonl"));
    }
}
