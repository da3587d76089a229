namespace Espalier.Models.Grammars.Numbers;

/// <summary>Numbers of several lengths as one automaton over their digits, so that a text is read in one way only.</summary>
/// <param name="place">What errors call the schema.</param>
internal sealed class DigitGrammar(string place)
{
    private const int MostStates = 4_300;

    private static readonly GrammarNode[] s_digits = [.. Enumerable.Range('0', 10)
        .Select(static c => new GrammarByte(ByteSet.Range(c, c)))];
    private static readonly GrammarNode s_nothing = new GrammarSequence(), s_point = JsonSyntax.Text(".");

    private readonly Dictionary<string, GrammarNode> _known = [];

    /// <summary>The numbers that go on from any of some states.</summary>
    /// <exception cref="EspalierException">It takes too many states.</exception>
    public GrammarNode From(IReadOnlyCollection<DigitState> states)
    {
        var key = string.Join(';', states);
        if (_known.TryGetValue(key, out var known))
            return known;
        if (_known.Count >= MostStates)
            throw new EspalierException(
                $"{place}: its bounds and multipleOf need more than {MostStates} states: use a smaller multipleOf, "
                + "or bounds closer to each other");
        // Digits become fewer with each, so that no state leads back to itself.
        _known.Add(key, s_nothing);
        var ways = new List<GrammarNode>();
        if (states.Any(static state => state.MayEnd))
            ways.Add(s_nothing);
        for (var digit = 0; digit < 10; digit++)
            if (states.Select(state => state.After(digit)).OfType<DigitState>().Distinct().ToArray() is { Length: > 0 } next)
                ways.Add(new GrammarSequence(s_digits[digit], From(next)));
        if (states.Where(static state => state.IsBeforePoint).Select(static state => state.Point()).ToArray() is { Length: > 0 } fraction)
            ways.Add(new GrammarSequence(s_point, From(fraction)));
        return _known[key] = new GrammarChoice([.. ways]);
    }
}
