using Espalier.Pipeline.Options.Texts;

namespace Espalier.Pipeline.Recipes;

/// <summary>What a recipe evaluates on.</summary>
internal sealed record Evaluations(IReadOnlyList<EvaluationSet> Texts, IReadOnlyList<TaskSection> Tasks);
