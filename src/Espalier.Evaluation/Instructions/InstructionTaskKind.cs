using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.Instructions;

/// <summary>
/// What a model writes, judged by whether it follows instructions that a program can check (IFEval, arXiv 2311.07911).
/// </summary>
internal sealed record InstructionTaskKind(IReadOnlyList<string> Stop, int MaxTokens) : GeneratedKind(null, Stop, MaxTokens)
{
    public override string Name => "instructions";

    public override IReadOnlyList<Metric> Metrics { get; } =
        [.. InstructionResult.Metrics.Select(name => new Metric(name) { IsRightOrWrong = InstructionResult.IsOfDocuments(name) })];

    /// <summary>Reads its keys.</summary>
    public static InstructionTaskKind Read(TaskFields fields) =>
        new(fields.Texts("stop") ?? [], fields.Number("max-tokens", UsualTokens, least: 1));

    public override IReadOnlyList<DocumentResult> Judge(IReadOnlyList<GeneratedPrompt> prompts, IReadOnlyList<Generation> texts,
        TaskSettings settings, string name, IProgressReporter progress, CancellationToken stop) =>
        [.. prompts.Zip(texts, (prompt, text) => new InstructionResult(prompt, text, InstructionScorer.Score(prompt.Document, text.Text)))];
}
