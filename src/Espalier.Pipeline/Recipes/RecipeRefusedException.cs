namespace Espalier.Pipeline.Recipes;

/// <summary>What a recipe asks for and cannot have: all of it at once, one line each.</summary>
internal sealed class RecipeRefusedException : EspalierException
{
    /// <summary>Creates the error.</summary>
    /// <param name="problems">What is wrong, one line each, at least one.</param>
    public RecipeRefusedException(IReadOnlyList<string> problems) : base(string.Join("; ", problems)) => Problems = problems;

    /// <summary>What is wrong, one line each.</summary>
    public IReadOnlyList<string> Problems { get; }
}
