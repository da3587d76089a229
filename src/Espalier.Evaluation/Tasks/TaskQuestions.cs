using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Tasks;

/// <summary>A task's documents as they are asked, subject by subject; the same for all models.</summary>
internal abstract class TaskQuestions
{
    /// <summary>The subjects with how many documents each has.</summary>
    public abstract IReadOnlyList<(string Subject, int Documents)> Subjects { get; }

    /// <summary>How many things a model is asked: texts to write, or choices and texts to score.</summary>
    public virtual long Requests => Subjects.Sum(subject => (long)subject.Documents);

    /// <summary>Asks a model; results in the order of the documents.</summary>
    /// <param name="stop">Stops; what was made until then is in the model's cache, where it has one.</param>
    /// <exception cref="EspalierException">A document cannot be asked; its place is named.</exception>
    public abstract IReadOnlyList<DocumentResult> Ask(AskedModel model, string name, IProgressReporter progress, CancellationToken stop);
}

/// <summary>Questions of one form that are known before a model is.</summary>
/// <typeparam name="T">A question.</typeparam>
internal abstract class TaskQuestions<T>(IReadOnlyList<(string Subject, IReadOnlyList<T> Questions)> asked) : TaskQuestions
{
    /// <summary>All of them, subject by subject.</summary>
    public IReadOnlyList<T> Questions { get; } = [.. asked.SelectMany(subject => subject.Questions)];

    public sealed override IReadOnlyList<(string Subject, int Documents)> Subjects { get; } =
        [.. asked.Select(subject => (subject.Subject, subject.Questions.Count))];
}
