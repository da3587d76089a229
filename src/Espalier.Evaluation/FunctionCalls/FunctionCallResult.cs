using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.FunctionCalls;

/// <summary>The calls that a model wrote, and whether they are right.</summary>
/// <param name="Weights">What the question weighs in each mean.</param>
internal sealed record FunctionCallResult(
    GeneratedPrompt Prompt, Generation Made, CallVerdict Verdict, IReadOnlyDictionary<string, double> Weights) : TextResult(Prompt, Made)
{
    /// <summary>The question's category.</summary>
    public required string Category { get; init; }

    public override double Score(string metric) => Verdict.IsRight ? 1 : 0;

    public override double Weight(string metric) => Weights[metric];

    public override Stratum? Stratum(string metric) =>
        Weights[metric] > 0 && FunctionCallTotals.Share(metric, Category) is { } share ? new(Category, share) : null;

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
