using static Espalier.Models.Grammars.Strings.PatternNode;

namespace Espalier.Models.Grammars.Strings;

/// <summary>
/// A regular expression as an automaton with several states at once (Thompson, Regular expression search algorithm, 1968). It is sought
/// anywhere in a string, as JSON Schema's <c>pattern</c> is; once it is found, what follows is no matter.
/// </summary>
internal sealed class PatternProgram
{
    // The state in which the expression has been found.
    private const int Found = 0;

    private readonly List<State> _states = [new(Kind.Found, -1, [])];
    private readonly List<PointSet> _sets = [];
    private readonly PatternBudget _budget;
    private readonly int _first;
    private readonly bool[] _canEnd;

    /// <summary>Makes the automaton of an expression.</summary>
    /// <exception cref="EspalierException">It costs more.</exception>
    public PatternProgram(PatternNode node, PatternBudget budget)
    {
        _budget = budget;
        var body = Compile(node, Found);
        _first = Add(Kind.Split, -1, body);
        _states[_first].Next.Add(Add(Kind.One, SetOf(PointSet.All), _first));
        _canEnd = CanEnd();
    }

    private enum Kind
    {
        Found,
        One,
        Split,
        Start,
        End,
    }

    /// <summary>The sets of characters that it tells apart.</summary>
    public IReadOnlyList<PointSet> Sets => _sets;

    /// <summary>The states before the first character.</summary>
    public int[] Begin() => Closed([_first], isStart: true);

    /// <summary>The states after one more character.</summary>
    /// <param name="states">Those before it.</param>
    /// <param name="isIn">Whether the character is in a set, by its number.</param>
    public int[] Next(int[] states, Func<int, bool> isIn)
    {
        _budget.Step(states.Length);
        return IsFound(states) ? states : Closed([.. states.Where(state => _states[state].Kind == Kind.One && isIn(_states[state].Set))
            .Select(state => _states[state].Next[0])], isStart: false);
    }

    /// <summary>Whether the expression has been found, so that any characters may follow.</summary>
    public static bool IsFound(int[] states) => states is [Found];

    public bool MayEnd(int[] states)
    {
        // An empty string has its start where it has its end.
        var isStart = states.Contains(_first);
        var (open, seen) = (new Stack<int>(states), new HashSet<int>());
        while (open.TryPop(out var state))
        {
            _budget.Step();
            if (state == Found)
                return true;
            if (seen.Add(state) && (_states[state].Kind is Kind.Split or Kind.End || isStart && _states[state].Kind == Kind.Start))
                foreach (var next in _states[state].Next)
                    open.Push(next);
        }
        return false;
    }

    private int Compile(PatternNode node, int next)
    {
        switch (node)
        {
            case One one:
                return Add(Kind.One, SetOf(one.Set), next);
            case Row row:
                return row.Parts.Reverse().Aggregate(next, (after, part) => Compile(part, after));
            case Either either:
                return Add(Kind.Split, -1, [.. either.Parts.Select(part => Compile(part, next))]);
            case Repeat repeat:
                return Compile(repeat, next);
            default:
                return Add(node is Start ? Kind.Start : Kind.End, -1, next);
        }
    }

    private int Compile(Repeat repeat, int next)
    {
        var at = next;
        if (repeat.Most is not { } most)
        {
            at = Add(Kind.Split, -1, next);
            _states[at].Next.Add(Compile(repeat.Part, at));
        }
        else
            for (var i = repeat.Least; i < most; i++)
                at = Add(Kind.Split, -1, next, Compile(repeat.Part, at));
        for (var i = 0; i < repeat.Least; i++)
            at = Compile(repeat.Part, at);
        return at;
    }

    private int Add(Kind kind, int set, params int[] next)
    {
        _budget.State();
        _states.Add(new(kind, set, [.. next]));
        return _states.Count - 1;
    }

    private int SetOf(PointSet set)
    {
        var known = _sets.FindIndex(other => other.Ranges.SequenceEqual(set.Ranges));
        _budget.Step(_sets.Count);
        if (known >= 0)
            return known;
        _sets.Add(set);
        return _sets.Count - 1;
    }

    // All that is reached without a character, in ascending order; the one state in which it has been found where that is reached.
    private int[] Closed(int[] states, bool isStart)
    {
        var (open, seen) = (new Stack<int>(states), new SortedSet<int>());
        while (open.TryPop(out var state))
        {
            if (!isStart && !_canEnd[state] || !seen.Add(state))
                continue;
            _budget.Step();
            if (state == Found)
                return [Found];
            if (_states[state].Kind == Kind.Split || isStart && _states[state].Kind == Kind.Start)
                foreach (var next in _states[state].Next)
                    open.Push(next);
        }
        // A state that only leads on says nothing of its own, but for the very first.
        return [.. seen.Where(state => _states[state].Kind is Kind.One or Kind.End || isStart && state == _first)];
    }

    // Which states can still come to the end, where the start is past.
    private bool[] CanEnd()
    {
        var before = new List<int>[_states.Count];
        for (var state = 0; state < before.Length; state++)
            before[state] = [];
        for (var state = 0; state < before.Length; state++)
            if (_states[state].Kind != Kind.Start)
                foreach (var next in _states[state].Next)
                    before[next].Add(state);
        var (can, open) = (new bool[_states.Count], new Stack<int>([Found]));
        while (open.TryPop(out var state))
            if (!can[state])
            {
                can[state] = true;
                foreach (var one in before[state])
                    open.Push(one);
            }
        return can;
    }

    private sealed record State(Kind Kind, int Set, List<int> Next);
}
