using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Jinja;

/// <summary><c>{% for target in entries if condition %}...{% else %}...{% endfor %}</c>: each entry has variables of its own.</summary>
internal sealed class ForStatement(int line) : Statement(line)
{
    /// <summary>What is set to each entry.</summary>
    public required Expression Target { get; init; }

    public required Expression Entries { get; init; }

    /// <summary>Which entries count; null for all.</summary>
    public Expression? Condition { get; init; }

    /// <summary>Whether <c>loop(entries)</c> may be called.</summary>
    public bool IsRecursive { get; init; }

    public required IReadOnlyList<Statement> Body { get; init; }

    /// <summary>What is done where there was none.</summary>
    public IReadOnlyList<Statement> Otherwise { get; init; } = [];

    protected override Flow Run(Scope scope, Rendering rendering)
    {
        var entries = Entries.Evaluate(scope, rendering);
        rendering.Line = Line;
        Walk(entries, 0, scope, rendering);
        return Flow.Next;
    }

    private void Walk(object? value, int depth, Scope scope, Rendering rendering)
    {
        if (value is LoopContext)
            throw new TemplateFault("'loop' is not iterable");
        var entries = PythonSequences.RequireEntries(value, rendering.Budget);
        if (Condition is not null)
            entries = entries.Where(entry => IsWanted(entry, scope, rendering));
        var loop = new LoopContext(entries, Condition is null ? PythonSequences.Length(value) : null,
            IsRecursive ? (inner, level) => rendering.Capture(() => Walk(inner, level, scope, rendering)) : null, depth, rendering.Budget);
        while (loop.MoveNext(out var entry))
        {
            var inner = new Scope(scope);
            inner.Set("loop", loop);
            SetStatement.Assign(Target, entry, inner, rendering);
            if (ExecuteAll(Body, inner, rendering) == Flow.Break)
                break;
        }
        if (loop.Index < 0)
            ExecuteAll(Otherwise, new(scope), rendering);
    }

    private bool IsWanted(object? entry, Scope scope, Rendering rendering)
    {
        var inner = new Scope(scope);
        SetStatement.Assign(Target, entry, inner, rendering);
        return PythonValues.Truth(Condition!.Evaluate(inner, rendering));
    }
}
