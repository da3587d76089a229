using System.Diagnostics;

namespace Espalier.Evaluation.Tasks;

/// <summary>Runs tasks on models.</summary>
internal static class TaskEvaluator
{
    /// <summary>Asks a model.</summary>
    /// <exception cref="EspalierException">A document cannot be asked; its place is named.</exception>
    public static TaskResult Run(TaskDefinition task, TaskSettings settings, TaskQuestions questions, AskedModel model,
        IProgressReporter progress, CancellationToken stop = default)
    {
        var started = Stopwatch.GetTimestamp();
        if (settings.UsesChatTemplate)
            model = model with
            {
                Chat = model.Template?.Invoke() ?? throw new InvalidOperationException("a model without a folder has no chat template"),
            };
        var results = questions.Ask(model, task.Name, progress, stop);
        var (subjects, first) = (new List<SubjectResult>(), 0);
        foreach (var (subject, documents) in questions.Subjects)
        {
            subjects.Add(new(subject, [.. results.Skip(first).Take(documents)]));
            first += documents;
        }
        var shots = task.Kind.TakesShots ? settings.Shots ?? task.Shots.Count : 0;
        return new(task, shots, subjects, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }
}
