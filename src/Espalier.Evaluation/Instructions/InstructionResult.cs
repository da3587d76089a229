using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.Instructions;

/// <summary>Which of a document's instructions a model followed.</summary>
internal sealed record InstructionResult(GeneratedPrompt Prompt, Generation Made, InstructionVerdicts Verdicts) : TextResult(Prompt, Made)
{
    private const string PromptStrict = "prompt_level_strict_acc", PromptLoose = "prompt_level_loose_acc",
        EachStrict = "inst_level_strict_acc", EachLoose = "inst_level_loose_acc";

    /// <summary>
    /// The four shares that lm-evaluation-harness reports: of documents all instructions of which are followed, and of instructions. Models
    /// are compared by the first.
    /// </summary>
    public static IReadOnlyList<string> Metrics { get; } = [PromptStrict, EachStrict, PromptLoose, EachLoose];

    /// <summary>Whether a metric is the share of documents, not of instructions.</summary>
    public static bool IsOfDocuments(string metric) => metric is PromptStrict or PromptLoose;

    public override double Score(string metric) => metric switch
    {
        PromptStrict => Verdicts.FollowsAllStrictly ? 1 : 0,
        PromptLoose => Verdicts.FollowsAllLoosely ? 1 : 0,
        EachStrict => Share(Verdicts.Strict),
        _ => Share(Verdicts.Loose),
    };

    public override double Weight(string metric) => IsOfDocuments(metric) ? 1 : Verdicts.Ids.Count;

    public override void Write(Utf8JsonWriter json)
    {
        base.Write(json);
        json.WriteObjects("instructions", Verdicts.Ids.Index(), instruction =>
        {
            json.WriteString("id", instruction.Item);
            json.WriteBoolean("strict", Verdicts.Strict[instruction.Index]);
            json.WriteBoolean("loose", Verdicts.Loose[instruction.Index]);
        });
    }

    private static double Share(IReadOnlyList<bool> follows) =>
        follows.Count == 0 ? 0 : follows.Count(follow => follow) / (double)follows.Count;
}
