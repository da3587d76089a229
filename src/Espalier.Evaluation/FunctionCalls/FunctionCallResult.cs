using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.FunctionCalls;

/// <summary>The calls that a model wrote, and whether they are right.</summary>
/// <param name="Weights">What the question weighs in each mean.</param>
internal sealed record FunctionCallResult(
    GeneratedPrompt Prompt, Generation Made, CallVerdict Verdict, IReadOnlyDictionary<string, double> Weights) : TextResult(Prompt, Made)
{
    public override double Score(string metric) => Verdict.IsRight ? 1 : 0;

    public override double Weight(string metric) => Weights[metric];

    public override void Write(Utf8JsonWriter json)
    {
        base.Write(json);
        json.WriteBoolean("right", Verdict.IsRight);
        if (Verdict.Fault is not { } fault)
            return;
        json.WriteString("fault", fault);
        json.WriteString("reason", Verdict.Reason);
    }
}
