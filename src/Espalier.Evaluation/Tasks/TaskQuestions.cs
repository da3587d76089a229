using Espalier.Compression;
using Espalier.Evaluation.Requests;

namespace Espalier.Evaluation.Tasks;

/// <summary>A task's documents as they are asked, subject by subject; the same for all models.</summary>
internal abstract class TaskQuestions
{
    /// <summary>The subjects with how many documents each has.</summary>
    public abstract IReadOnlyList<(string Subject, int Documents)> Subjects { get; }

    /// <summary>Asks a model; results in the order of the documents.</summary>
    public abstract IReadOnlyList<DocumentResult> Ask(AskedModel model, string name, IProgressReporter progress, CancellationToken stop);

    /// <summary>The questions of a task.</summary>
    /// <exception cref="EspalierException">A file is not there, or a document lacks what the task asks of it.</exception>
    public static TaskQuestions Of(TaskDefinition task, TaskSettings settings)
    {
        if (task.Kind is CodeKind)
            throw new EspalierException($"task {task.Name}: is of kind code, whose programs are run from within the program alone");
        if (task.Kind is not GenerateKind kind)
            return new Choices(ChoicePrompts.Of(task, settings));
        var shots = settings.Shots ?? task.Shots.Count;
        return new Texts(kind, [.. TaskData.Read(task, settings.Benchmarks, shots > 0)
            .Select(subject => (subject.Name, GeneratedPrompts.Of(task, subject, shots, settings.Limit)))]);
    }

    private sealed class Choices(IReadOnlyList<(string Subject, IReadOnlyList<ChoicePrompt> Prompts)> asked) : TaskQuestions
    {
        private readonly ChoicePrompt[] _prompts = [.. asked.SelectMany(subject => subject.Prompts)];

        public override IReadOnlyList<(string Subject, int Documents)> Subjects =>
            [.. asked.Select(subject => (subject.Subject, subject.Prompts.Count))];

        public override IReadOnlyList<DocumentResult> Ask(AskedModel model, string name, IProgressReporter progress, CancellationToken stop)
        {
            var key = model.Known is { } known ? ScoreCache.KeyOf(known.Hash, _prompts) : "";
            if (model.Known?.Cache.Find(key, _prompts) is { } before)
                return before;
            var results = ChoiceEvaluator.Run(model.Decoder(), model.Tokenizer, _prompts, name, progress, stop);
            model.Known?.Cache.Keep(key, results);
            return results;
        }
    }

    private sealed class Texts(GenerateKind kind, IReadOnlyList<(string Subject, IReadOnlyList<GeneratedPrompt> Prompts)> asked)
        : TaskQuestions
    {
        private readonly GeneratedPrompt[] _prompts = [.. asked.SelectMany(subject => subject.Prompts)];

        public override IReadOnlyList<(string Subject, int Documents)> Subjects =>
            [.. asked.Select(subject => (subject.Subject, subject.Prompts.Count))];

        public override IReadOnlyList<DocumentResult> Ask(AskedModel model, string name, IProgressReporter progress, CancellationToken stop)
        {
            var key = model.Known is { } known ? ScoreCache.KeyOf(known.Hash, kind, _prompts) : "";
            var made = model.Known?.Cache.FindTexts(key) ?? [];
            if (made.Count < _prompts.Length)
                try
                {
                    GeneratedEvaluator.Run(model.Generations(), kind, _prompts, name, progress, new Dictionary<int, Generation>(made),
                        (place, text) => made[place] = text, stop);
                }
                finally
                {
                    // What was written before a stop is not written again.
                    model.Known?.Cache.Keep(key, made);
                }
            return [.. _prompts.Select((prompt, place) =>
                new GeneratedResult(prompt, made[place], kind.Judge(prompt.Document, made[place].Text)))];
        }
    }
}
