namespace Espalier.Compression.Search.Constraints;

/// <summary>Seconds that one sequence's first pass takes on this machine.</summary>
/// <param name="Budget">What it may be.</param>
/// <param name="Latency">Where times are kept, and measured where they are not.</param>
/// <param name="Tokens">Tokens of the sequence.</param>
internal sealed record PrefillConstraint(Budget Budget, LatencyTable Latency, int Tokens) : Constraint(Budget)
{
    public override string Name => "prefill";

    public override double Of(Candidate candidate) => Latency.Prefill(candidate, Tokens);
}
