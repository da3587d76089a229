namespace Espalier.Compression.Search.Constraints;

/// <summary>Seconds that one further token of one sequence takes on this machine.</summary>
/// <param name="Budget">What it may be.</param>
/// <param name="Latency">Where times are kept, and measured where they are not.</param>
/// <param name="Context">Tokens before it.</param>
internal sealed record DecodeConstraint(Budget Budget, LatencyTable Latency, int Context) : Constraint(Budget)
{
    public override string Name => "decode";

    public override double Of(Candidate candidate) => Latency.Decode(candidate, Context);
}
