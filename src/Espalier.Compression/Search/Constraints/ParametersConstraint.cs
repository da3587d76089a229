namespace Espalier.Compression.Search.Constraints;

/// <summary>All weights.</summary>
internal sealed record ParametersConstraint(Budget Budget) : Constraint(Budget)
{
    public override string Name => "parameters";

    public override double Of(Candidate candidate) => candidate.Parameters;
}
