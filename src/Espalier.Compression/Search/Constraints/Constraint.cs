namespace Espalier.Compression.Search.Constraints;

/// <summary>Something that a candidate must keep to. Siblings measure one quantity each.</summary>
internal abstract record Constraint(Budget Budget)
{
    /// <summary>The key of the recipe.</summary>
    public abstract string Name { get; }

    /// <summary>The quantity.</summary>
    public abstract double Of(Candidate candidate);
}
