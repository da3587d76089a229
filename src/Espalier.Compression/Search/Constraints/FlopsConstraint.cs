namespace Espalier.Compression.Search.Constraints;

/// <summary>Floating-point operations of a token's forward pass.</summary>
/// <param name="Budget">What it may be.</param>
/// <param name="Sequence">Tokens of the window that it is in.</param>
internal sealed record FlopsConstraint(Budget Budget, int Sequence) : Constraint(Budget)
{
    public override string Name => "flops-per-token";

    public override double Of(Candidate candidate) => candidate.Shape.ForwardFlopsPerToken(Sequence);
}
