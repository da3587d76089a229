namespace Espalier.Evaluation.Instructions;

/// <summary>
/// The four shares that lm-evaluation-harness reports of IFEval: of documents all instructions of which are followed, and of instructions.
/// </summary>
/// <param name="PromptStrict">prompt_level_strict_acc.</param>
/// <param name="InstructionStrict">inst_level_strict_acc.</param>
/// <param name="PromptLoose">prompt_level_loose_acc.</param>
/// <param name="InstructionLoose">inst_level_loose_acc.</param>
internal sealed record InstructionAccuracy(double PromptStrict, double InstructionStrict, double PromptLoose, double InstructionLoose)
{
    /// <summary>Their names, in their order; models are compared by the first.</summary>
    public static IReadOnlyList<string> Names { get; } =
        ["prompt_level_strict_acc", "inst_level_strict_acc", "prompt_level_loose_acc", "inst_level_loose_acc"];

    /// <summary>The shares over documents, at least one.</summary>
    public static InstructionAccuracy Of(IReadOnlyCollection<InstructionVerdicts> documents) => new(
        documents.Average(document => document.FollowsAllStrictly ? 1.0 : 0),
        documents.SelectMany(document => document.Strict).Average(follows => follows ? 1.0 : 0),
        documents.Average(document => document.FollowsAllLoosely ? 1.0 : 0),
        documents.SelectMany(document => document.Loose).Average(follows => follows ? 1.0 : 0));
}
