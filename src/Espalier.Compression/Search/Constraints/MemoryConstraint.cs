namespace Espalier.Compression.Search.Constraints;

/// <summary>Bytes of weights, and of keys and values, when the model is used.</summary>
/// <param name="Budget">What it may be.</param>
/// <param name="ElementBytes">Bytes of a weight, key or value.</param>
/// <param name="Context">Positions of a sequence.</param>
/// <param name="Sequences">Sequences at a time.</param>
internal sealed record MemoryConstraint(Budget Budget, int ElementBytes, long Context, long Sequences) : Constraint(Budget)
{
    public override string Name => "memory";

    public override double Of(Candidate candidate) => candidate.MemoryBytes(ElementBytes, Context, Sequences);
}
