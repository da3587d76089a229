using Espalier.Compression;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Texts;

/// <summary>What a model writes after the prompt and what is judged by the text alone.</summary>
/// <param name="Target">What a shot shows after the prompt; null where there are no shots.</param>
/// <param name="Stop">What is written ends before any of these.</param>
/// <param name="MaxTokens">Most tokens that are written.</param>
internal abstract record GeneratedKind(Template? Target, IReadOnlyList<string> Stop, int MaxTokens)
    : WrittenKind(Target, Stop, MaxTokens)
{
    public override bool TakesChatTemplate => true;

    public override TaskQuestions Questions(TaskDefinition task, TaskSettings settings) =>
        new TextQuestions(this, settings, Prompts(task, settings));

    /// <summary>Judges what was written, all of a task at once.</summary>
    /// <param name="prompts">What was asked.</param>
    /// <param name="texts">What was written to each.</param>
    /// <param name="settings">What the user wants of the task.</param>
    /// <param name="name">What progress is called.</param>
    /// <param name="progress">Receives what is done, where judging takes time.</param>
    /// <param name="stop">Stops.</param>
    public abstract IReadOnlyList<DocumentResult> Judge(IReadOnlyList<GeneratedPrompt> prompts, IReadOnlyList<Generation> texts,
        TaskSettings settings, string name, IProgressReporter progress, CancellationToken stop);
}
