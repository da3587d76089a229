using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Texts;

/// <summary>What a model writes after the prompt: what all such kinds have, however that is judged.</summary>
/// <param name="Target">What a shot shows after the prompt; null where there are no shots.</param>
internal abstract record WrittenKind(Template? Target, IReadOnlyList<string> Stop, int MaxTokens) : TaskKind
{
    /// <summary>Most tokens where a task says nothing: the harness's number (lm_eval/models/huggingface.py).</summary>
    public const int UsualTokens = 256;

    /// <summary>
    /// What is counted of an answer that was sampled, by itself; nothing where a question can be answered only once.
    /// </summary>
    public virtual IReadOnlyList<Metric> Sampled => Metrics;

    public override void CheckModel(TaskDefinition task, TaskSettings settings, string model, int positions)
    {
        base.CheckModel(task, settings, model, positions);
        if (MaxTokens >= positions)
            throw new EspalierException(
                $"task {task.Name}: {MaxTokens} tokens are to be generated, but {model} has {positions} positions: none is "
                + $"left for the question; generate fewer, such as {Math.Max(1, positions / 2)}: --max-tokens, or max-tokens in a recipe");
    }

    /// <summary>The prompts of all subjects, as the user wants them.</summary>
    /// <exception cref="EspalierException">A file is not there, or a document lacks what the task asks of it.</exception>
    protected static IReadOnlyList<(string Subject, IReadOnlyList<GeneratedPrompt> Prompts)> Prompts(TaskDefinition task,
        TaskSettings settings)
    {
        var shots = settings.Shots ?? task.Shots.Count;
        return [.. TaskData.Read(task, settings.Benchmarks, shots > 0)
            .Select(subject => (subject.Name, GeneratedPrompts.Of(task, subject, shots, settings.Limit)))];
    }
}
