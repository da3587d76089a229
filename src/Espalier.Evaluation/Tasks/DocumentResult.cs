using Espalier.Evaluation.Documents;

namespace Espalier.Evaluation.Tasks;

/// <summary>What a model made of one document.</summary>
/// <param name="Document">The document.</param>
/// <param name="Cut">Ids of the context that were cut on the left, for the model has not so many positions; the most of any choice.</param>
internal abstract record DocumentResult(TaskDocument Document, int Cut)
{
    /// <summary>What it scores by one of the task's metrics: 1 where the model is right, else 0.</summary>
    public abstract double Score(string metric);
}
