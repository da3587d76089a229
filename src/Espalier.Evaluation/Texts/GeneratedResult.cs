using Espalier.Evaluation.Requests;

namespace Espalier.Evaluation.Texts;

/// <summary>What a model wrote to a document, and what each filter makes of it.</summary>
internal sealed record GeneratedResult(GeneratedPrompt Prompt, Generation Made, IReadOnlyList<AnswerVerdict> Verdicts)
    : TextResult(Prompt, Made)
{
    public override double Score(string metric) =>
        Verdicts.First(verdict => GenerateKind.MetricOf(verdict.Filter) == metric).IsRight ? 1 : 0;

    public override void Write(Utf8JsonWriter json)
    {
        base.Write(json);
        json.WriteStartObject("filters");
        foreach (var verdict in Verdicts)
        {
            json.WriteStartObject(verdict.Filter);
            json.WriteString("answer", verdict.Answer);
            json.WriteBoolean("right", verdict.IsRight);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }
}
