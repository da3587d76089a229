using System.Diagnostics;
using Espalier.Compression;
using Espalier.Models;
using Espalier.Models.Tokenizers;

namespace Espalier.Evaluation.Tasks;

/// <summary>What the user may say of a task.</summary>
/// <param name="Benchmarks">The folder under which the files of tasks lie; null where nobody names one.</param>
/// <param name="Shots">Shots of a document; null as the task has it.</param>
/// <param name="Limit">Documents of each subject at most; null all.</param>
internal sealed record TaskSettings(string? Benchmarks, int? Shots = null, int? Limit = null);

/// <summary>Runs tasks on models.</summary>
internal static class TaskEvaluator
{
    /// <summary>A task's documents as they are asked, subject by subject; the same for all models.</summary>
    /// <exception cref="EspalierException">A file is not there, or a document lacks what the task asks of it.</exception>
    public static IReadOnlyList<(string Subject, IReadOnlyList<ChoicePrompt> Prompts)> Prompts(TaskDefinition task, TaskSettings settings)
    {
        var shots = settings.Shots ?? task.Shots.Count;
        return [.. TaskData.Read(task, settings.Benchmarks, shots > 0)
            .Select(subject => (subject.Name, ChoicePrompts.Of(task, subject, shots, settings.Limit)))];
    }

    /// <summary>Asks a model.</summary>
    /// <param name="task">The task.</param>
    /// <param name="settings">The settings that the prompts were made by.</param>
    /// <param name="prompts">The prompts.</param>
    /// <param name="model">Loads the model, or has it; not asked where all is known.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="progress">Receives the contexts done.</param>
    /// <param name="known">What models gave before, with the hash of this model; null where nothing is remembered.</param>
    /// <param name="stop">Stops.</param>
    /// <exception cref="EspalierException">A choice cannot be scored; its place is named.</exception>
    public static TaskResult Run(TaskDefinition task, TaskSettings settings,
        IReadOnlyList<(string Subject, IReadOnlyList<ChoicePrompt> Prompts)> prompts, Func<Decoder> model, Tokenizer tokenizer,
        IProgressReporter progress, (ScoreCache Cache, string Model)? known = null, CancellationToken stop = default)
    {
        var started = Stopwatch.GetTimestamp();
        ChoicePrompt[] all = [.. prompts.SelectMany(subject => subject.Prompts)];
        var key = known is { } cached ? ScoreCache.KeyOf(cached.Model, all) : "";
        var results = known?.Cache.Find(key, all);
        if (results is null)
        {
            results = ChoiceEvaluator.Run(model(), tokenizer, all, task.Name, progress, stop);
            known?.Cache.Keep(key, results);
        }
        var (subjects, first) = (new List<SubjectResult>(), 0);
        foreach (var (subject, asked) in prompts)
        {
            subjects.Add(new(subject, [.. results.Skip(first).Take(asked.Count)]));
            first += asked.Count;
        }
        return new(task, settings.Shots ?? task.Shots.Count, subjects, Stopwatch.GetElapsedTime(started).TotalSeconds);
    }
}
