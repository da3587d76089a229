using Espalier.Evaluation.Documents;

namespace Espalier.Evaluation.Tasks.Metrics;

/// <summary>A part of a task with a mean of its own, such as a category.</summary>
/// <param name="Share">What its mean counts in the whole; all parts' shares together are 1.</param>
internal readonly record struct Stratum(string Name, double Share);

/// <summary>What a model made of one document.</summary>
/// <param name="Cut">Ids of the context that were cut on the left, for the model has not so many positions; the most of any choice.</param>
internal abstract record DocumentResult(TaskDocument Document, int Cut)
{
    /// <summary>What it scores by one of the task's metrics: of a share from 0 to 1, and 1 where the model is right.</summary>
    public abstract double Score(string metric);

    /// <summary>
    /// What it weighs in the mean of a metric: 1, but where the mean is over parts of documents, such as words or instructions.
    /// </summary>
    public virtual double Weight(string metric) => 1;

    /// <summary>Its part in a metric that is a mean of parts' means; null where the mean is over documents.</summary>
    public virtual Stratum? Stratum(string metric) => null;

    /// <summary>What it would score by the task's first metric by chance alone; null where nobody can say.</summary>
    public virtual double? Chance => null;

    /// <summary>The answers that it is made of: itself, or of several attempts each.</summary>
    public virtual IReadOnlyList<DocumentResult> Samples => [this];

    /// <summary>Writes the properties that <c>--per-document</c> shows, into an object that is open.</summary>
    public abstract void Write(Utf8JsonWriter json);
}
