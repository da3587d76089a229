namespace Espalier.Evaluation.Tasks;

/// <summary>What is asked of a model, and how that is judged: each kind is a record with the keys that only it has.</summary>
internal abstract record TaskKind
{
    /// <summary>Its name in a task's file.</summary>
    public abstract string Name { get; }

    /// <summary>What is counted, the first of which models are compared by.</summary>
    public abstract IReadOnlyList<Metric> Metrics { get; }

    /// <summary>Whether a task of this kind has documents, named by test; else it makes its questions itself.</summary>
    public virtual bool HasDocuments => true;

    /// <summary>Whether a task of this kind has a prompt; else its kind lays questions out.</summary>
    public virtual bool HasPrompt => true;

    /// <summary>What is done to contexts that are longer than the model's positions, and what makes them shorter.</summary>
    public virtual string WhatIsCut => "were cut on the left, as the harness does; fewer --shots make them shorter";

    /// <summary>Reads a task's documents and writes its questions.</summary>
    /// <param name="task">The task, which is of this kind.</param>
    /// <param name="settings">What the user wants of it.</param>
    /// <exception cref="EspalierException">A file is not there, or a document lacks what the task asks of it.</exception>
    public abstract TaskQuestions Questions(TaskDefinition task, TaskSettings settings);
}
