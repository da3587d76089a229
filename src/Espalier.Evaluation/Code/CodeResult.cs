using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.Code;

/// <summary>A program that a model wrote, and what became of it.</summary>
/// <param name="Verdict">What became of it; null where it was not run.</param>
internal sealed record CodeResult(GeneratedPrompt Prompt, Generation Made, ProgramVerdict? Verdict) : TextResult(Prompt, Made)
{
    /// <summary>The share of problems whose one program passes its tests.</summary>
    public const string PassAt1 = "pass@1";

    /// <summary>The share whose program takes too long.</summary>
    public const string TimedOut = "timed_out";

    /// <summary>The program as HumanEval's own program reads it.</summary>
    public CodeSample Sample => new(CodeSamples.IdOf(Document), Made.Text);

    public override double Score(string metric) =>
        Verdict?.Outcome == (metric == PassAt1 ? ProgramOutcome.Passed : ProgramOutcome.TimedOut) ? 1 : 0;

    public override double Weight(string metric) => Verdict is null ? 0 : 1;

    public override void Write(Utf8JsonWriter json)
    {
        base.Write(json);
        if (Verdict is null)
            return;
        json.WriteString("outcome", EnumName.Of(Verdict.Outcome));
        if (Verdict.Reason.Length > 0)
            json.WriteString("reason", Verdict.Reason);
    }
}
