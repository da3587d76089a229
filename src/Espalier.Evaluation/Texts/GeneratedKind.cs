using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Texts;

/// <summary>What a model writes after the prompt and what is judged by the text alone.</summary>
/// <param name="Target">What a shot shows after the prompt; null where there are no shots.</param>
internal abstract record GeneratedKind(Template? Target, IReadOnlyList<string> Stop, int MaxTokens)
    : WrittenKind(Target, Stop, MaxTokens)
{
    public override bool TakesChatTemplate => true;

    public override TaskQuestions Questions(TaskDefinition task, TaskSettings settings) =>
        new TextQuestions(this, settings, Prompts(task, settings));

    /// <summary>Judges what was written, all of a task at once.</summary>
    /// <param name="texts">What was written to each.</param>
    /// <param name="progress">Receives what is done, where judging takes time.</param>
    public abstract IReadOnlyList<DocumentResult> Judge(IReadOnlyList<GeneratedPrompt> prompts, IReadOnlyList<Generation> texts,
        TaskSettings settings, string name, IProgressReporter progress, CancellationToken stop);
}
