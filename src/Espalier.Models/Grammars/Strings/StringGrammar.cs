namespace Espalier.Models.Grammars.Strings;

/// <summary>
/// The strings that several patterns all let in and that have so many characters, as a grammar: one rule for each state of the automaton
/// that follows all patterns and the count at once.
/// </summary>
internal sealed class StringGrammar
{
    private readonly IReadOnlyList<PatternProgram> _programs;
    private readonly int _least;
    private readonly int? _most;
    private readonly PatternBudget _budget;
    private readonly IReadOnlyList<PointSet> _classes;
    // For each program and each of its sets, the classes that lie in it.
    private readonly bool[][][] _isIn;
    private readonly StringCharacters _characters;
    private readonly Dictionary<string, GrammarRule> _rules = [];
    private readonly Queue<(GrammarRule Rule, int[][] States, int Count)> _open = new();

    private StringGrammar(IReadOnlyList<PatternProgram> programs, int least, int? most, StringCharacters characters, PatternBudget budget)
    {
        (_programs, _least, _most, _characters, _budget) = (programs, least, most, characters, budget);
        var sets = programs.SelectMany(static program => program.Sets).ToArray();
        _classes = CharacterClasses.Of(sets, budget);
        _isIn = [.. programs.Select(program => program.Sets.Select(
            set => _classes.Select(one => set.Has(one.Ranges[0].First)).ToArray()).ToArray())];
    }

    /// <summary>A string of JSON.</summary>
    /// <param name="patterns">What it must match, each.</param>
    /// <param name="least">Its fewest characters.</param>
    /// <param name="most">Its most; null for no end.</param>
    /// <param name="characters">Sets of characters as they are written, kept for the whole schema.</param>
    /// <param name="budget">What the patterns may cost.</param>
    /// <exception cref="EspalierException">They cost more.</exception>
    public static GrammarNode Of(
        IReadOnlyList<PatternNode> patterns, int least, int? most, StringCharacters characters, PatternBudget budget)
    {
        if (patterns.Count == 0)
            return JsonSyntax.StringOf(least, most);
        var programs = patterns.Select(pattern => new PatternProgram(pattern, budget)).ToArray();
        var grammar = new StringGrammar(programs, least, most, characters, budget);
        var start = grammar.Rule([.. programs.Select(static program => program.Begin())], 0);
        while (grammar._open.TryDequeue(out var open))
            open.Rule.Body = grammar.Body(open.States, open.Count);
        return new GrammarSequence(JsonSyntax.Text("\""), start, JsonSyntax.Text("\""));
    }

    private GrammarNode Body(int[][] states, int count)
    {
        if (states.All(PatternProgram.IsFound))
            return new GrammarRepeat(JsonSyntax.Character, Math.Max(0, _least - count), _most - count);
        var ways = new List<GrammarNode>();
        if (count >= _least && states.Select((one, i) => _programs[i].MayEnd(one)).All(static may => may))
            ways.Add(new GrammarSequence());
        if (count == _most)
            return new GrammarChoice([.. ways]);
        var targets = new Dictionary<GrammarRule, List<PointSet>>();
        for (var c = 0; c < _classes.Count; c++)
        {
            var next = new int[states.Length][];
            for (var i = 0; i < next.Length; i++)
                next[i] = _programs[i].Next(states[i], set => _isIn[i][set][c]);
            // What a pattern has no way on from is never let in.
            if (next.Any(static one => one.Length == 0))
                continue;
            // Without an end, all counts from the least on are alike.
            var rule = Rule(next, _most is null ? Math.Min(count + 1, _least) : count + 1);
            (targets.TryGetValue(rule, out var known) ? known : targets[rule] = []).Add(_classes[c]);
        }
        ways.AddRange(targets.Select(target => new GrammarSequence(
            _characters.Of(PointSet.Of(target.Value.SelectMany(static set => set.Ranges))), target.Key)));
        return new GrammarChoice([.. ways]);
    }

    private GrammarRule Rule(int[][] states, int count)
    {
        var key = $"{count}:{string.Join(';', states.Select(static one => string.Join(',', one)))}";
        if (_rules.TryGetValue(key, out var known))
            return known;
        _budget.State();
        var rule = _rules[key] = new();
        _open.Enqueue((rule, states, count));
        return rule;
    }
}
