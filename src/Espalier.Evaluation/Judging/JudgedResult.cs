using Espalier.Evaluation.Judges;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Judging;

/// <summary>What a judge made of one answer.</summary>
internal sealed record JudgedTurn(JudgeReply Reply, double? Grade)
{
    /// <summary>The grade in a reply.</summary>
    public static JudgedTurn Of(JudgeReply reply) => new(reply, reply.Text is { } text ? SingleGrading.Grade(text) : null);
}

/// <summary>A conversation with a model, and how it was graded.</summary>
internal sealed record JudgedResult(JudgedQuestion Question, IReadOnlyList<Generation> Answers, IReadOnlyList<JudgedTurn> Turns)
    : DocumentResult(Question.Document, Answers.Max(answer => answer.Cut))
{
    private const string All = "score", First = "score,turn-1", Second = "score,turn-2", Unjudged = "unjudged";

    /// <summary>The mean grade of all answers that have one, of each turn's, and the share of answers that have none.</summary>
    public static IReadOnlyList<Metric> Metrics { get; } =
        [new(All, MetricScale.Plain), new(First, MetricScale.Plain), new(Second, MetricScale.Plain), new(Unjudged)];

    public override double Score(string metric) => metric == Unjudged ? (double)Turns.Count(turn => turn.Grade is null) / Turns.Count
        : Grades(metric) is { Length: > 0 } grades ? grades.Average() : 0;

    public override double Weight(string metric) => metric == Unjudged ? Turns.Count : Grades(metric).Length;

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteString("question", Question.Id);
        json.WriteObjects("turns", Answers.Zip(Turns), pair =>
        {
            var (answer, turn) = pair;
            json.WriteString("response", answer.Text);
            json.WriteNumber("tokens", answer.Tokens);
            if (turn.Grade is { } grade)
                json.WriteNumber("grade", grade);
            else
                json.WriteNull("grade");
            json.WriteString(turn.Reply.Text is null ? "failure" : "judgment", turn.Reply.Text ?? turn.Reply.Failure);
        });
    }

    private double[] Grades(string metric) =>
    [
        .. Turns.Where((_, turn) => metric == All || turn == (metric == First ? 0 : 1)).Select(turn => turn.Grade).OfType<double>()
    ];
}
