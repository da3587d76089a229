namespace Espalier.Models.Grammars.Strings;

/// <summary>What all patterns of one schema may cost together: schemas come from strangers.</summary>
/// <param name="place">What errors call the schema.</param>
internal sealed class PatternBudget(string place)
{
    /// <summary>States of all strings, at most.</summary>
    public const int MostStates = 16_384;

    private const long MostSteps = 10_000_000;

    private int _states;
    private long _steps;

    /// <summary>Counts a state.</summary>
    /// <exception cref="EspalierException">There are too many.</exception>
    public void State()
    {
        if (++_states > MostStates)
            throw new EspalierException($"{place}: its patterns with their minLength and maxLength have more than {MostStates} states: "
                + "make counts and lengths smaller");
    }

    /// <summary>Counts work.</summary>
    /// <exception cref="EspalierException">It is too much.</exception>
    public void Step(long count = 1)
    {
        if ((_steps += count) > MostSteps)
            throw new EspalierException($"{place}: its patterns take too much work: make them smaller");
    }
}
