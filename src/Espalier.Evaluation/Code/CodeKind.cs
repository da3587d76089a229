using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Tasks.Templates;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.Code;

/// <summary>A program that a model writes and that its document's tests judge (HumanEval, MBPP).</summary>
/// <param name="Target">What a shot shows after the prompt.</param>
/// <param name="Program">What is run: a text with {completion} in it, for what was written.</param>
internal sealed record CodeKind(Template Target, IReadOnlyList<string> Stop, int MaxTokens, Template Program)
    : GeneratedKind(Target, Stop, MaxTokens)
{
    public override string Name => "code";

    public override IReadOnlyList<Metric> Metrics { get; } = [new(CodeResult.PassAt1) { IsRightOrWrong = true }, new(CodeResult.TimedOut)];

    public override string NotInRecipes =>
        "asks for programs, which run only on request: espalier evaluate --tasks ... --run-code";

    public override bool IsScored(TaskSettings settings) => settings.RunsCode;

    public override TaskQuestions Questions(TaskDefinition task, TaskSettings settings)
    {
        if (!settings.RunsCode && !settings.KeepsSamples)
            throw new EspalierException($"task {task.Name}: asks for programs, which nobody has reviewed: --run-code runs them "
                + "in a sandbox, --samples FILE.jsonl only saves them");
        // What cannot be run is known before a model has written for hours.
        if (settings.RunsCode)
            Sandbox.Open(new());
        return base.Questions(task, settings);
    }

    public override IReadOnlyList<DocumentResult> Judge(IReadOnlyList<GeneratedPrompt> prompts, IReadOnlyList<Generation> texts,
        TaskSettings settings, string name, IProgressReporter progress, CancellationToken stop)
    {
        if (!settings.RunsCode)
            return [.. prompts.Zip(texts, (prompt, text) => new CodeResult(prompt, text, null))];
        var verdicts = new CodeJudge(Sandbox.Open(new())).Judge(this,
            [.. prompts.Zip(texts, (prompt, text) => (prompt.Document, text.Text))], name, progress, stop);
        int Count(ProgramOutcome outcome) => verdicts.Count(verdict => verdict.Outcome == outcome);
        progress.Note($"{name}: {Count(ProgramOutcome.Passed)} programs passed, {Count(ProgramOutcome.Failed)} failed, "
            + $"{Count(ProgramOutcome.TimedOut)} took too long");
        return [.. prompts.Index().Select(prompt => new CodeResult(prompt.Item, texts[prompt.Index], verdicts[prompt.Index]))];
    }

    /// <summary>Reads its keys.</summary>
    public static CodeKind Read(TaskFields fields) => new(
        fields.Template("target"),
        fields.Texts("stop") ?? [],
        fields.Number("max-tokens", UsualTokens, least: 1),
        fields.Template("program"));

    /// <summary>What is run to judge what was written.</summary>
    public string ProgramOf(TaskDocument document, string completion) => Program.Fill(document.With("completion", completion));
}
