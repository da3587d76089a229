using Espalier.Pipeline.Recipes;

namespace Espalier.Pipeline.Checks;

/// <summary>Collects refusals instead of ending with the first.</summary>
internal sealed class Refusals
{
    private readonly List<string> _problems = [];

    /// <summary>What was refused, in the order in which it was found, nothing twice.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Adds a problem that is not there yet.</summary>
    public void Add(string problem)
    {
        if (!_problems.Contains(problem, StringComparer.Ordinal))
            _problems.Add(problem);
    }

    /// <summary>Does a check; whether it passed.</summary>
    public bool Try(Action check)
    {
        try
        {
            check();
            return true;
        }
        catch (RecipeRefusedException refused)
        {
            foreach (var problem in refused.Problems)
                Add(problem);
        }
        catch (EspalierException error)
        {
            Add(error.Message);
        }
        return false;
    }

    /// <summary>Finds something out; null where that was refused.</summary>
    public T? Try<T>(Func<T> find) where T : class
    {
        T? found = null;
        Try(() => { found = find(); });
        return found;
    }

    /// <summary>Ends with everything that was refused, if anything was.</summary>
    /// <exception cref="RecipeRefusedException">Something was.</exception>
    public void Require()
    {
        if (_problems.Count > 0)
            throw new RecipeRefusedException(_problems);
    }
}
