using Espalier.Models.Chat.Methods;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Jinja;

/// <summary>The <c>loop</c> of a for: where it is. It looks ahead only when it is asked, as jinja2's does.</summary>
/// <param name="entries">What the loop walks over.</param>
/// <param name="length">How many there are, where that is known before.</param>
/// <param name="recurse">Renders the loop's body over other entries, a level deeper; null for a loop that is not recursive.</param>
/// <param name="depth">The level, from 0.</param>
/// <param name="budget">What counts the entries that are looked at ahead.</param>
internal sealed class LoopContext(
    IEnumerable<object?> entries, long? length, Func<object?, int, string>? recurse, int depth, Budget budget)
    : Callable, ISized, IHasMembers
{
    private readonly IEnumerator<object?> _entries = entries.GetEnumerator();
    private readonly Queue<object?> _ahead = [];
    private long? _length = length;
    private object? _previous;
    private object? _current;
    private PythonTuple? _changed;

    public override string Name => "loop";

    /// <summary>The number of the entry, from 0; -1 before the first.</summary>
    public long Index { get; private set; } = -1;

    public long Length
    {
        get
        {
            if (_length is null)
            {
                while (_entries.MoveNext())
                {
                    budget.Entries(1);
                    _ahead.Enqueue(_entries.Current);
                }
                _length = Index + 1 + _ahead.Count;
            }
            return _length.Value;
        }
    }

    public bool MoveNext(out object? entry)
    {
        if (!Peek(out entry))
            return false;
        _ahead.Dequeue();
        Index++;
        (_previous, _current) = (_current, entry);
        return true;
    }

    public override object? Call(Arguments arguments, Budget budget)
    {
        var inner = arguments.Bind("loop", 1, "iterable")[0];
        if (recurse is null)
            throw new TemplateFault("a loop must be 'recursive' to be called");
        budget.Enter();
        var text = recurse(inner, depth + 1);
        budget.Leave();
        return text;
    }

    public bool TryMember(string name, out object? member)
    {
        object? next = null;
        member = name switch
        {
            "index" => Index + 1,
            "index0" => Index,
            "revindex" => Length - Index,
            "revindex0" => Length - Index - 1,
            "first" => Index == 0,
            "last" => !Peek(out _),
            "length" => Length,
            "depth" => depth + 1L,
            "depth0" => (long)depth,
            "previtem" => Index == 0 ? new Undefined("the first entry of a loop has none before it") : _previous,
            "nextitem" => Peek(out next) ? next : new Undefined("the last entry of a loop has none after it"),
            "cycle" => new Builtin(name, (arguments, _) => arguments.Positional.Count == 0
                ? throw new TemplateFault("cycle() takes values") : arguments.Positional[(int)(Index % arguments.Positional.Count)]),
            "changed" => new Builtin(name, (arguments, budget) => HasChanged(new(arguments.Positional), budget)),
            _ => this,
        };
        return !ReferenceEquals(member, this);
    }

    private bool HasChanged(PythonTuple values, Budget budget)
    {
        if (_changed is not null && PythonOrder.AreEqual(_changed, values, budget))
            return false;
        _changed = values;
        return true;
    }

    private bool Peek(out object? entry)
    {
        if (_ahead.Count == 0 && _entries.MoveNext())
            _ahead.Enqueue(_entries.Current);
        return _ahead.TryPeek(out entry);
    }
}
