namespace Espalier.Compression.Search.Constraints;

/// <summary>Weights without the embedding table and the head.</summary>
internal sealed record NonEmbeddingConstraint(Budget Budget) : Constraint(Budget)
{
    public override string Name => "non-embedding-parameters";

    public override double Of(Candidate candidate) => candidate.NonEmbeddingParameters;
}
