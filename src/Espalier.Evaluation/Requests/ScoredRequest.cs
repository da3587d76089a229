namespace Espalier.Evaluation.Requests;

/// <summary>A context and the continuations of it that are scored.</summary>
/// <param name="Context">Ids, at least one.</param>
/// <param name="Continuations">Ids of each, at least one.</param>
internal sealed record ScoredRequest(int[] Context, IReadOnlyList<int[]> Continuations);

/// <summary>What a model gives a continuation.</summary>
/// <param name="LogLikelihood">Σ log p of its ids, nats.</param>
/// <param name="IsGreedy">Whether each of its ids is the likeliest there.</param>
internal readonly record struct ContinuationScore(double LogLikelihood, bool IsGreedy);
