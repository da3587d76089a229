namespace Espalier.Compression.Search.Constraints;

/// <summary>All weights.</summary>
/// <param name="Budget">What it may be.</param>
internal sealed record ParametersConstraint(Budget Budget) : Constraint(Budget)
{
    public override string Name => "parameters";

    public override double Of(Candidate candidate) => candidate.Parameters;
}
