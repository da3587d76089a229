namespace Espalier.Evaluation.Tasks;

/// <summary>What is asked of a model, and how that is judged: each kind is a record with the keys that only it has.</summary>
internal abstract record TaskKind
{
    /// <summary>Its name in a task's file.</summary>
    public abstract string Name { get; }

    /// <summary>What is counted, the first of which models are compared by.</summary>
    public abstract IReadOnlyList<Metric> Metrics { get; }

    /// <summary>
    /// Whether answers are held against those of the model that was asked first: who asks the others alone must ask it again, or have its
    /// answers remembered.
    /// </summary>
    public virtual bool NeedsFirst => false;

    /// <summary>Reads a task's documents and writes its questions.</summary>
    /// <param name="task">The task, which is of this kind.</param>
    /// <param name="settings">What the user wants of it.</param>
    /// <exception cref="EspalierException">A file is not there, or a document lacks what the task asks of it.</exception>
    public abstract TaskQuestions Questions(TaskDefinition task, TaskSettings settings);
}
