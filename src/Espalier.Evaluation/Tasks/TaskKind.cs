namespace Espalier.Evaluation.Tasks;

/// <summary>What is asked of a model, and how that is judged: each kind is a record with the keys that only it has.</summary>
internal abstract record TaskKind
{
    /// <summary>Its name in a task's file.</summary>
    public abstract string Name { get; }

    /// <summary>The names of what is counted, the first of which models are compared by.</summary>
    public abstract IReadOnlyList<string> Metrics { get; }
}
