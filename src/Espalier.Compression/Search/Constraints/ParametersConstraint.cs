namespace Espalier.Compression.Search.Constraints;

/// <summary>All weights.</summary>
/// <param name="Budget">What it may be.</param>
internal sealed record ParametersConstraint(Budget Budget) : Constraint(Budget)
{
    /// <inheritdoc/>
    public override string Name => "parameters";

    /// <inheritdoc/>
    public override double Of(Candidate candidate) => candidate.Parameters;
}
