using System.Text.RegularExpressions;
using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Conversations;
using Espalier.Evaluation.Judges;
using Espalier.Evaluation.Judging;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Templates;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Judging;

/// <summary>The bundled teacher's conversations, graded by judges that tests play and by the teacher itself.</summary>
public sealed class JudgedQuestionsTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();
    private readonly Checkpoint _checkpoint = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
    private readonly PackedWeights _weights;
    private readonly Tokenizer _tokenizer;
    private readonly JudgePatience _short = new(2, TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(5), TimeSpan.FromSeconds(20));

    public JudgedQuestionsTests()
    {
        _weights = PackedWeights.Load(_checkpoint, WeightFormat.Float32);
        _tokenizer = Tokenizer.Load(_checkpoint.Folder);
        Write("q.jsonl",
            """{"question_id": 1, "category": "tales", "turns": ["Once upon a time", "What then?"]}""",
            """{"question_id": 2, "category": "math", "turns": ["One and one", "And two?"]}""",
            """{"question_id": 3, "category": "tales", "turns": ["The dog"]}""");
        Write("r.jsonl", """{"question_id": 2, "choices": [{"turns": ["It is 2.", "It is 4."]}]}""");
        Write("j.jsonl", [.. new[]
        {
            ("single-v1", "S1 <{question}> <{answer}>"),
            ("single-v1-multi-turn", "S2 <{question_1}> <{answer_1}> <{question_2}> <{answer_2}>"),
            ("single-math-v1", "M1 <{question}> <{answer}> <{ref_answer_1}>"),
            ("single-math-v1-multi-turn", "M2 <{question_1}> <{answer_1}> <{question_2}> <{answer_2}> <{ref_answer_1}> <{ref_answer_2}>"),
            ("pair-v2", "P1 <{answer_a}> <{answer_b}>"),
            ("pair-v2-multi-turn", "P2 <{answer_a_2}> <{answer_b_2}>"),
            ("pair-math-v1", "Q1 <{answer_a}> <{answer_b}>"),
            ("pair-math-v1-multi-turn", "Q2 <{answer_a_2}> <{answer_b_2}>"),
        }.Select(prompt => $$"""{"name": "{{prompt.Item1}}", "system_prompt": "s", "prompt_template": "{{prompt.Item2}}"}""")]);
        Write("talk.yaml", "kind: judged", "test: q.jsonl", "prompt: '{turn}'", "judge-prompts: j.jsonl", "max-tokens: 6",
            "references: { files: r.jsonl, categories: [math] }");
    }

    [Fact]
    public void Each_turn_is_graded_with_what_was_said_before_and_what_has_no_grade_counts_for_nothing()
    {
        using var server = new JudgeServer((request, _) => request.User[..2] switch
        {
            "S1" => PlayedAnswer.Saying("[[4]]"),
            "S2" => PlayedAnswer.Saying("Rating: [[8]]"),
            "M1" => PlayedAnswer.Saying("hard to say"),
            _ => new(500, ""),
        });
        using var judge = Judge(server);
        var result = Ask(judge, out var said);
        Assert.Equal([("tales", 2), ("math", 1)], result.Subjects.Select(subject => (subject.Name, subject.Documents.Count)));
        Assert.Equal([4.0, 8, 4, null, null], result.Documents.Cast<JudgedResult>().SelectMany(of => of.Turns).Select(turn => turn.Grade));
        Assert.Equal([("score", 16.0 / 3), ("score,turn-1", 4.0), ("score,turn-2", 8.0), ("unjudged", 0.4)],
            result.Totals.Select(metric => (metric.Name, metric.Value)));
        Assert.Contains("2 of 5 answers were not graded and are left out of the score: 1 without a reply (the last: 500 Internal Server Error); "
            + "1 whose reply has no grade", said);
        Assert.Contains("1 request to the judge had to be repeated", said);

        // The second turn's prompt has the first, and what is judged is what was written.
        var tale = (JudgedResult)result.Documents[0];
        var seen = server.Requests.Select(request => request.User).Single(user => user.StartsWith("S2", StringComparison.Ordinal));
        Assert.Equal($"S2 <Once upon a time> <{tale.Answers[0].Text}> <What then?> <{tale.Answers[1].Text}>", seen);
        Assert.Contains(server.Requests, request => request.User.EndsWith("<It is 2.> <It is 4.>", StringComparison.Ordinal));
        var prompt = ConversationForm.Plain.Prompt(
            [Message.OfUser("Once upon a time"), Message.OfAssistant(tale.Answers[0].Text), Message.OfUser("What then?")]);
        Assert.Equal($"User: Once upon a time\n\nAssistant: {tale.Answers[0].Text}\n\nUser: What then?\n\nAssistant:", prompt);
        Assert.Equal(PythonText.Strip(Write6(prompt)), tale.Answers[1].Text);
    }

    [Fact]
    public void Graded_answers_are_not_judged_again_and_those_without_a_reply_are()
    {
        var broken = true;
        using var server = new JudgeServer((request, _) =>
            broken && request.User[0] == 'M' ? new(400, "") : PlayedAnswer.Saying("[[5]]"));
        using var judge = Judge(server);
        Assert.Equal(0.4, Ask(judge, out _).Totals[^1].Value, 1e-12);
        (broken, var before) = (false, server.Requests.Count);
        var again = Ask(judge, out _);
        Assert.Equal((5.0, 0.0, 2), (again.Totals[0].Value, again.Totals[^1].Value, server.Requests.Count - before));
    }

    [Fact]
    public void A_question_more_asks_none_of_the_others_again()
    {
        using var server = new JudgeServer((_, _) => PlayedAnswer.Saying("[[5]]"));
        using var judge = Judge(server);
        var cache = new ScoreCache(_folder.Of("replies"));
        int Asked(params string[] questions)
        {
            var before = server.Requests.Count;
            Assert.All(KeptReplies.Ask(judge, cache, [.. questions.Select(text => new[] { Message.OfUser(text) })], "t",
                NullProgress.Instance, default), reply => Assert.Equal("[[5]]", reply.Text));
            return server.Requests.Count - before;
        }
        Assert.Equal([2, 1, 0, 1, 0], [Asked("a", "b"), Asked("b", "c", "a"), Asked("c"), Asked("a", "a"), Asked("a", "b", "a")]);
    }

    [Fact]
    public void A_judge_that_talks_nonsense_alone_makes_no_score()
    {
        using var server = new JudgeServer((_, _) => PlayedAnswer.Saying("I am a teapot"));
        using var judge = Judge(server);
        var error = Assert.Throws<EspalierException>(() => Ask(judge, out _));
        Assert.Equal(("talk: none of 5 answers was graded by judge-x: 5 whose reply has no grade; check --judge", 1),
            (error.Message, error.ExitCode));
    }

    [Fact]
    public void Pairs_are_shown_in_both_orders()
    {
        // Prefers what is longer; of two alike what stands first.
        using var server = new JudgeServer((request, _) => Regex.Matches(request.User, "<([^>]*)>") is [.., var a, var b]
            && request.User[0] is 'P' or 'Q' ? PlayedAnswer.Saying(a.Length >= b.Length ? "[[A]]" : "[[B]]")
            : PlayedAnswer.Saying("[[5]]"));
        using var judge = Judge(server);
        var settings = new TaskSettings(null) { Judge = judge };
        var task = TaskFile.Read(_folder.Of("talk.yaml"));
        var questions = (JudgedQuestions)task.Kind.Questions(task, settings);
        JudgedResult[] ours =
            [.. TaskEvaluator.Run(task, settings, questions, Model(), NullProgress.Instance).Documents.Cast<JudgedResult>()];
        JudgedResult[] longer = [.. ours.Select((of, i) => i == 0
            ? of with { Answers = [.. of.Answers.Select(answer => answer with { Text = answer.Text + " and more" })] } : of)];
        var cache = new ScoreCache(_folder.Of("pairs"));
        Assert.Equal(new(2, 0, 3, 0), questions.Pairs(longer, ours, cache, "t", NullProgress.Instance, default) with { Rate = null });
        var before = server.Requests.Count;
        Assert.Equal(new(2, 0, 3, 0), questions.Pairs(longer, ours, cache, "t", NullProgress.Instance, default) with { Rate = null });
        Assert.Equal(before, server.Requests.Count);
        var losses = questions.Pairs(ours, longer, cache, "t", NullProgress.Instance, default);
        Assert.Equal((new PairCounts(0, 2, 3, 0), 0.3), (losses with { Rate = null }, losses.WinRate));
        Assert.Null(new PairCounts(0, 0, 0, 4).WinRate);
    }

    [Fact]
    public void How_sure_a_rate_of_wins_is_comes_of_questions_and_not_of_turns()
    {
        const PairWinner Won = PairWinner.First, Lost = PairWinner.Second;
        // Of n questions that are all won by chance, all are won or lost in 2 of 2ⁿ cases, whatever the number of their turns.
        var two = PairCounts.Of([[Won, Won], [Won, Won]]).Rate!;
        Assert.Equal((1.0, 1.0), (two.Lower, two.Upper));
        Assert.Equal(0.5, two.Probability, 0.02);
        Assert.Equal(2.0 / 256, PairCounts.Of(Enumerable.Repeat((PairWinner?[])[Won, Won], 8)).Rate!.Probability, 0.004);
        var even = PairCounts.Of([[Won, Lost], [Won, Won], [Lost, Lost], [PairWinner.Tie, null], [null]]);
        Assert.Equal((3, 3, 1, 2, 0.5), (even.Wins, even.Losses, even.Ties, even.Unjudged, even.WinRate));
        Assert.Equal(1, even.Rate!.Probability);
        Assert.True(even.Rate.Lower < 0.3 && even.Rate.Upper > 0.7, $"{even.Rate}");
        Assert.Null(PairCounts.Of([[Won, Won], [null]]).Rate);
    }

    [Fact]
    public void A_model_of_this_machine_judges_in_its_own_words_and_not_what_it_cannot_read_whole()
    {
        var positions = _checkpoint.Config.MaxPositions;
        var judge = new LocalJudge("teacher", "hash", positions, () => Generations(), ConversationForm.Plain);
        var replies = new JudgeReply?[2];
        var endless = string.Concat(Enumerable.Repeat("long ", positions));
        judge.Ask([[Message.OfSystem("s"), Message.OfUser("Rate it.")], [Message.OfUser(endless)]],
            (place, reply) => replies[place] = reply, default);
        Assert.Equal(Written("s\n\nUser: Rate it.\n\nAssistant:", positions / 2), replies[0]!.Text);
        Assert.Null(replies[1]!.Text);
        Assert.Contains($"too long for the judge's {positions} positions", replies[1]!.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_judged_task_without_a_judge_is_refused()
    {
        var task = TaskFile.Read(_folder.Of("talk.yaml"));
        var asked = Assert.Single(TaskData.Read(task, null, shots: false)).Documents;
        Assert.Equal(["Once upon a time What then?", "One and one And two?", "The dog"],
            asked.Select(document => task.Kind.TextOf(task, document)));
        Assert.Contains("name it with --judge", Assert.Throws<EspalierException>(
            () => task.Kind.Questions(task, new(null))).Message, StringComparison.Ordinal);
    }

    public override void Dispose()
    {
        _weights.Dispose();
        _checkpoint.Dispose();
        _folder.Dispose();
        base.Dispose();
    }

    private EndpointJudge Judge(JudgeServer server) => new(JudgeEndpoint.Of(server.Address, "judge-x", null, _short));

    private TaskResult Ask(IJudge judge, out string said)
    {
        var settings = new TaskSettings(null) { Judge = judge };
        var task = TaskFile.Read(_folder.Of("talk.yaml"));
        var heard = new Heard();
        var result = TaskEvaluator.Run(task, settings, task.Kind.Questions(task, settings), Model(), heard);
        said = string.Join('\n', heard.Lines);
        foreach (var document in result.Documents)
        {
            using var stream = new MemoryStream();
            using (var json = new Utf8JsonWriter(stream))
            {
                json.WriteStartObject();
                document.Write(json);
                json.WriteEndObject();
            }
            var line = JsonDocument.Parse(stream.ToArray()).RootElement;
            Assert.Equal(((JudgedResult)document).Turns.Select(turn => turn.Grade), line.GetProperty("turns").EnumerateArray().Select(
                turn => turn.GetProperty("grade") is { ValueKind: JsonValueKind.Number } grade ? grade.GetDouble() : (double?)null));
        }
        return result;
    }

    private AskedModel Model() => new(_tokenizer, () => throw new NotSupportedException(), Generations,
        (new ScoreCache(_folder.Of("cache")), "teacher"));

    private Generations Generations() => new(_weights, _tokenizer, StopIds.Of(_checkpoint, _tokenizer));

    private string Write6(string prompt) => Written(prompt, 6);

    private string Written(string prompt, int tokens)
    {
        var text = "";
        Generations().Run([new(prompt, "here")], ConversationForm.Plain.Stops, tokens, (_, made) => text = made.Text);
        return text;
    }

    private void Write(string name, params string[] lines) => File.WriteAllText(_folder.Of(name), string.Join('\n', lines) + "\n");

    private sealed class Heard : IProgressReporter
    {
        public List<string> Lines { get; } = [];

        public IProgressTask Begin(string title, long total, string unit) => NullProgress.Instance.Begin(title, total, unit);

        public void Note(string line) => Lines.Add(line);

        public void Warn(string line) => Lines.Add(line);
    }
}
