using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Jinja;

/// <summary>A part of a template that has a value.</summary>
/// <param name="line">Its line, from 1.</param>
internal abstract class Expression(int line)
{
    /// <summary>Its line, from 1.</summary>
    public int Line => line;

    public object? Evaluate(Scope scope, Rendering rendering)
    {
        Budget.RequireStack();
        rendering.Budget.Step();
        rendering.Line = line;
        return Value(scope, rendering);
    }

    /// <summary>The values of several.</summary>
    protected static object?[] All(IReadOnlyList<Expression> parts, Scope scope, Rendering rendering)
    {
        var values = new object?[parts.Count];
        for (var i = 0; i < values.Length; i++)
            values[i] = parts[i].Evaluate(scope, rendering);
        return values;
    }

    /// <summary>Its value, once the step is counted.</summary>
    protected abstract object? Value(Scope scope, Rendering rendering);
}

/// <summary>A value that is written out.</summary>
internal sealed class Constant(object? value, int line) : Expression(line)
{
    protected override object? Value(Scope scope, Rendering rendering) => value;
}

internal sealed class Variable(string name, int line) : Expression(line)
{
    public string Name => name;

    protected override object? Value(Scope scope, Rendering rendering) =>
        scope.TryGet(name, out var value) ? value : Undefined.Name(name);
}

/// <summary>An attribute of a variable, as <c>set</c> takes it on its left: <c>ns.name</c>.</summary>
internal sealed class NamespaceField(string space, string name, int line) : Expression(line)
{
    /// <summary>The variable that holds the namespace.</summary>
    public string Space => space;

    /// <summary>The attribute.</summary>
    public string Name => name;

    protected override object? Value(Scope scope, Rendering rendering) => throw new TemplateFault("an assignment target has no value");
}

internal sealed class TupleLiteral(IReadOnlyList<Expression> items, int line) : Expression(line)
{
    public IReadOnlyList<Expression> Items => items;

    protected override object? Value(Scope scope, Rendering rendering) => new PythonTuple(All(items, scope, rendering));
}

internal sealed class ListLiteral(IReadOnlyList<Expression> items, int line) : Expression(line)
{
    protected override object? Value(Scope scope, Rendering rendering)
    {
        rendering.Budget.Entries(items.Count);
        return All(items, scope, rendering).ToList();
    }
}

internal sealed class DictLiteral(IReadOnlyList<(Expression Key, Expression Value)> items, int line) : Expression(line)
{
    protected override object? Value(Scope scope, Rendering rendering)
    {
        rendering.Budget.Entries(items.Count);
        return PythonDict.Of(items.Select(item =>
        {
            var key = item.Key.Evaluate(scope, rendering);
            rendering.Budget.Text(key);
            return (key, item.Value.Evaluate(scope, rendering));
        }));
    }
}
