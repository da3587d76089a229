using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.Retrieval.Scores;

/// <summary>What a model wrote to a question, and what that scores.</summary>
/// <param name="Asked">The question with its passages.</param>
/// <param name="Value">What it scores.</param>
/// <param name="HalfSize">How many questions are like this one in having an answer or none: each half counts for one half.</param>
internal sealed record RagResult(GeneratedPrompt Prompt, Generation Made, AskedRagQuestion Asked, RagScore Value, int HalfSize)
    : TextResult(Prompt, Made)
{
    public override double Score(string metric) => metric switch
    {
        RagScoring.F1 => Value.F1,
        RagScoring.ExactMatch => Value.IsExact ? 1 : 0,
        RagScoring.HoldsNumber => Value.HoldsNumber ? 1 : 0,
        _ => Value.IsRefusal == Asked.Question.IsUnanswerable ? 1 : 0,
    };

    public override double Weight(string metric) => metric switch
    {
        RagScoring.Both => 1.0 / HalfSize,
        RagScoring.Refused => Asked.Question.IsUnanswerable ? 1 : 0,
        RagScoring.Answered => Asked.Question.IsUnanswerable ? 0 : 1,
        _ => 1,
    };

    public override Stratum? Stratum(string metric) =>
        metric == RagScoring.Both ? new(Asked.Question.IsUnanswerable ? RagScoring.Refused : RagScoring.Answered, 0.5) : null;

    public override void Write(Utf8JsonWriter json)
    {
        base.Write(json);
        json.WriteList("passages", Asked.Passages.Select(passage => passage.Id), json.WriteStringValue);
        json.WriteNumber("f1", Value.F1);
        json.WriteBoolean("exact", Value.IsExact);
        json.WriteBoolean("refuses", Value.IsRefusal);
        json.WriteBoolean("answerable", !Asked.Question.IsUnanswerable);
        json.WriteBoolean("contains_number", Value.HoldsNumber);
    }
}
