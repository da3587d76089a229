using Espalier.Evaluation.Conversations;
using Espalier.Evaluation.Judges;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Tasks.Templates;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.Judging;

/// <summary>Conversations with a model, each of whose answers a judge grades.</summary>
/// <param name="task">The task; its prompt is the user's message, with {turn} in it.</param>
internal sealed class JudgedQuestions(TaskDefinition task, JudgedKind kind, IJudge judge, JudgePrompts prompts,
    IReadOnlyList<(string Subject, IReadOnlyList<JudgedQuestion> Questions)> asked) : TaskQuestions<JudgedQuestion>(asked)
{
    public override IReadOnlyList<DocumentResult> Ask(AskedModel model, string name, IProgressReporter progress, CancellationToken stop)
    {
        var turns = Answers(model, name, progress, stop);
        (int Question, int Turn)[] graded =
            [.. turns.Index().SelectMany(question => question.Item.Select((_, turn) => (question.Index, turn)))];
        string[][] answers = [.. turns.Select(ofQuestion => ofQuestion.Select(answer => answer.Text).ToArray())];
        var replies = KeptReplies.Ask(judge, model.Known?.Cache, [.. graded.Select(one =>
            SingleGrading.Question(prompts, Questions[one.Question], answers[one.Question], one.Turn))], name, progress, stop);
        var grades = graded.Zip(replies, (one, reply) => (one.Question, Grade: JudgedTurn.Of(reply)))
            .ToLookup(one => one.Question, one => one.Grade);
        var results = Questions.Select((question, i) => new JudgedResult(question, turns[i], [.. grades[i]])).ToArray();
        Say(results, name, progress);
        return results;
    }

    /// <summary>Shows the judge two models' answers beside each other, each pair in both orders.</summary>
    /// <param name="ofModel">What the model made of the task.</param>
    /// <param name="ofFirst">What the one made that it is compared with.</param>
    /// <param name="cache">What judges said before; null where nothing is remembered.</param>
    /// <param name="stop">Stops; what was said until then is in the cache.</param>
    public PairCounts Pairs(IReadOnlyList<DocumentResult> ofModel, IReadOnlyList<DocumentResult> ofFirst, ScoreCache? cache, string name,
        IProgressReporter progress, CancellationToken stop)
    {
        var games = Questions.Index()
            .SelectMany(question => question.Item.Turns.Select((_, turn) => (question.Index, Turn: turn))).ToArray();
        string[] Answers(DocumentResult result) => [.. ((JudgedResult)result).Answers.Select(answer => answer.Text)];
        var replies = KeptReplies.Ask(judge, cache, [.. games.SelectMany(game =>
        {
            var (question, ours, theirs) = (Questions[game.Index], Answers(ofModel[game.Index]), Answers(ofFirst[game.Index]));
            return new[]
            {
                PairGrading.Question(prompts, question, ours, theirs, game.Turn),
                PairGrading.Question(prompts, question, theirs, ours, game.Turn),
            };
        })], name, progress, stop);
        PairWinner? Verdict(JudgeReply reply, bool isSwapped) =>
            reply.Text is { } text ? PairGrading.Verdict(text, isSwapped) : null;
        return PairCounts.Of(games.Zip(replies.Chunk(2), (game, both) => (game.Index,
            Verdict: PairGrading.Both(Verdict(both[0], isSwapped: false), Verdict(both[1], isSwapped: true))))
            .GroupBy(game => game.Index, game => game.Verdict).Select(turns => turns.ToArray()));
    }

    // Turn by turn: the second one has the first with its answer before it.
    private List<Generation>[] Answers(AskedModel model, string name, IProgressReporter progress, CancellationToken stop)
    {
        var conversations = Questions.Select(_ => new List<Message>()).ToArray();
        var made = Questions.Select(_ => new List<Generation>()).ToArray();
        var writing = kind with { Stop = [.. kind.Stop, .. model.Form.Stops] };
        for (var turn = 0; turn < JudgedQuestion.MostTurns; turn++)
        {
            int[] open = [.. Enumerable.Range(0, Questions.Count).Where(i => Questions[i].Turns.Count > turn)];
            foreach (var i in open)
                conversations[i].Add(Message.OfUser(task.Prompt.Fill(Questions[i].Document.With("turn", Questions[i].Turns[turn]))));
            if (open.Length == 0)
                break;
            var texts = TextQuestions.Texts(model, writing,
                [.. open.Select(i => new GeneratedPrompt(Questions[i].Document, model.Form.Prompt(conversations[i])))],
                $"{name}, turn {turn + 1}", progress, stop);
            foreach (var (i, text) in open.Zip(texts))
            {
                var answer = text with { Text = PythonText.Strip(text.Text) };
                made[i].Add(answer);
                conversations[i].Add(Message.OfAssistant(answer.Text));
            }
        }
        return made;
    }

    private void Say(IReadOnlyList<JudgedResult> results, string name, IProgressReporter progress)
    {
        JudgedTurn[] turns = [.. results.SelectMany(result => result.Turns)];
        var retries = turns.Sum(turn => turn.Reply.Retries);
        if (retries > 0)
            progress.Note($"{name}: {Units.Counted(retries, "request")} to the judge had to be repeated");
        JudgedTurn[] none = [.. turns.Where(turn => turn.Grade is null)];
        if (none.Length == 0)
            return;
        var silent = none.Where(turn => turn.Reply.Text is null).ToArray();
        var reasons = string.Join("; ", ((string[])[
            silent.Length > 0 ? $"{silent.Length} without a reply (the last: {silent[^1].Reply.Failure})" : "",
            none.Length > silent.Length ? $"{none.Length - silent.Length} whose reply has no grade" : ""])
            .Where(reason => reason.Length > 0));
        if (none.Length == turns.Length)
            throw new EspalierException(
                $"{name}: none of {turns.Length} answers was graded by {judge.Name}: {reasons}; check --judge")
            { ExitCode = 1 };
        progress.Warn($"{name}: {none.Length} of {turns.Length} answers were not graded and are left out of the score: {reasons}");
    }
}
