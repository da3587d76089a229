using Espalier.Pipeline.Options.Texts;

namespace Espalier.Pipeline.Recipes;

/// <summary>What a recipe evaluates on.</summary>
/// <param name="Texts">Texts, for losses.</param>
/// <param name="Tasks">Benchmarks.</param>
internal sealed record Evaluations(IReadOnlyList<EvaluationSet> Texts, IReadOnlyList<TaskSection> Tasks);
