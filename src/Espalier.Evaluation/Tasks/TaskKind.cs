using Espalier.Evaluation.Conversations;
using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Tasks;

/// <summary>What is asked of a model, and how that is judged: each kind is a record with the keys that only it has.</summary>
internal abstract record TaskKind
{
    /// <summary>Its name in a task's file.</summary>
    public abstract string Name { get; }

    /// <summary>What is counted, the first of which models are compared by.</summary>
    public abstract IReadOnlyList<Metric> Metrics { get; }

    /// <summary>
    /// What models are ordered by: what one document gives one model can be compared with what it gives another. By default the score by
    /// the first metric where less of it is better, else 1 less it.
    /// </summary>
    public virtual IReadOnlyList<TaskLoss> Losses => Metrics[0] is var metric && metric.IsLowerBetter
        ? [new("", metric.Name, result => result.Score(metric.Name))] : [new("", metric.Name, result => 1 - result.Score(metric.Name))];

    /// <summary>Whether a task of this kind has documents, named by test; else it makes its questions itself.</summary>
    public virtual bool HasDocuments => true;

    /// <summary>Whether a task of this kind has a prompt; else its kind lays questions out.</summary>
    public virtual bool HasPrompt => true;

    /// <summary>What is done to contexts that are longer than the model's positions, and what makes them shorter.</summary>
    public virtual string WhatIsCut(int shots) =>
        $"were cut on the left, as in the harness{(shots > 0 ? "; fewer shots make them shorter" : "")}";

    /// <summary>
    /// Whether answers are held against those of the model that was asked first: who asks the others alone must ask it again, or have its
    /// answers remembered.
    /// </summary>
    public virtual bool NeedsFirst => false;

    /// <summary>How its questions are answered several times; null where once.</summary>
    public virtual Attempts? Attempts => null;

    /// <summary>What a task of this kind wants that a recipe cannot give, and how to run it; null where nothing.</summary>
    public virtual string? NotInRecipes => null;

    /// <summary>
    /// Files that it reads beside documents and shots, as the task names them, with * for the subject; one that is not there need not be.
    /// </summary>
    public virtual IReadOnlyList<string> OtherFiles => [];

    /// <summary>Whether answers are judged at all, and not only written.</summary>
    public virtual bool IsScored(TaskSettings settings) => true;

    /// <summary>Whether questions may go through a model's chat template.</summary>
    public virtual bool TakesChatTemplate => false;

    /// <summary>Whether documents may be shown before the one that is asked.</summary>
    public virtual bool TakesShots => true;

    /// <summary>What a question takes from its document, a blank between two fields: what training text is searched for.</summary>
    public virtual string TextOf(TaskDefinition task, TaskDocument document) => string.Join(' ', task.Prompt.FieldsOf(document));

    /// <summary>Refuses a model that cannot be asked, before anything is computed.</summary>
    /// <param name="task">The task, which is of this kind.</param>
    /// <param name="model">The model's folder.</param>
    /// <param name="positions">Tokens that it has positions for.</param>
    /// <exception cref="EspalierException">It has no chat template though one is wanted, or too few positions.</exception>
    public virtual void CheckModel(TaskDefinition task, TaskSettings settings, string model, int positions)
    {
        if (!settings.UsesChatTemplate)
            return;
        if (!TakesChatTemplate)
            throw new EspalierException(
                $"task {task.Name}: is of kind {Name}, which scores plain text without a chat template");
        _ = ConversationForm.OfModel(model);
    }

    /// <summary>Reads a task's documents and writes its questions.</summary>
    /// <exception cref="EspalierException">A file is not there, or a document lacks what the task asks of it.</exception>
    public abstract TaskQuestions Questions(TaskDefinition task, TaskSettings settings);
}
