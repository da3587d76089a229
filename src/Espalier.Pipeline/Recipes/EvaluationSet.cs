namespace Espalier.Pipeline.Recipes;

/// <summary>Something to evaluate on.</summary>
/// <param name="Name">held-out, teacher-domain, or a name given in the recipe.</param>
/// <param name="Source">Text or ids; null for held-out. For teacher-domain the teacher's self-written.jsonl unless given.</param>
internal sealed record EvaluationSet(string Name, string? Source);
