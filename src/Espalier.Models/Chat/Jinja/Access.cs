using Espalier.Models.Chat.Filters;
using Espalier.Models.Chat.Methods;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Jinja;

/// <summary><c>owner.name</c></summary>
internal sealed class AttributeOf(Expression owner, string name, int line) : Expression(line)
{
    protected override object? Value(Scope scope, Rendering rendering)
    {
        var value = owner.Evaluate(scope, rendering);
        rendering.Line = Line;
        return PythonMembers.Attribute(value, name);
    }
}

/// <summary><c>owner[key]</c></summary>
internal sealed class ItemOf(Expression owner, Expression key, int line) : Expression(line)
{
    protected override object? Value(Scope scope, Rendering rendering)
    {
        var (value, place) = (owner.Evaluate(scope, rendering), key.Evaluate(scope, rendering));
        rendering.Line = Line;
        return PythonMembers.Item(value, place, rendering.Budget);
    }
}

/// <summary><c>owner[start:stop:step]</c></summary>
internal sealed class SliceOf(Expression owner, Expression? start, Expression? stop, Expression? step, int line) : Expression(line)
{
    protected override object? Value(Scope scope, Rendering rendering)
    {
        var (value, from, to, by) = (owner.Evaluate(scope, rendering), start?.Evaluate(scope, rendering), stop?.Evaluate(scope, rendering),
            step?.Evaluate(scope, rendering));
        rendering.Line = Line;
        return PythonSequences.Slice(value, from, to, by, rendering.Budget);
    }
}

/// <summary>The arguments of a call as they are written.</summary>
/// <param name="Positional">Those without a name.</param>
/// <param name="Named">Those with one.</param>
/// <param name="Spread">After <c>*</c>; null for none.</param>
/// <param name="SpreadNamed">After <c>**</c>; null for none.</param>
internal sealed record ArgumentList(IReadOnlyList<Expression> Positional, IReadOnlyList<(string Name, Expression Value)> Named,
    Expression? Spread, Expression? SpreadNamed)
{
    public static ArgumentList None { get; } = new([], [], null, null);

    public Arguments Evaluate(Scope scope, Rendering rendering)
    {
        if (ReferenceEquals(this, None))
            return Arguments.None;
        var positional = Positional.Select(item => item.Evaluate(scope, rendering)).ToList();
        var named = Named.Select(item => (item.Name, item.Value.Evaluate(scope, rendering))).ToList();
        if (Spread is not null)
            positional.AddRange(PythonSequences.List(Spread.Evaluate(scope, rendering), rendering.Budget));
        if (SpreadNamed?.Evaluate(scope, rendering) is { } spread)
            named.AddRange(spread is PythonDict dict
                ? dict.Items.Select(static item => (PythonValues.RequireText(item.Key, "a key after **"), item.Value))
                : throw new TemplateFault("** takes a dict"));
        return new(positional, named);
    }
}

/// <summary><c>function(arguments)</c></summary>
internal sealed class CallOf(Expression function, ArgumentList arguments, int line) : Expression(line)
{
    protected override object? Value(Scope scope, Rendering rendering) => Call(scope, rendering, null);

    /// <summary>The call's value, with the <c>caller</c> of a call block.</summary>
    public object? Call(Scope scope, Rendering rendering, Callable? caller)
    {
        var called = function.Evaluate(scope, rendering);
        var given = arguments.Evaluate(scope, rendering);
        rendering.Line = Line;
        if (caller is not null)
            given = given with { Named = [.. given.Named, ("caller", caller)] };
        return called switch
        {
            Callable callable => callable.Call(given, rendering.Budget),
            Undefined undefined => throw undefined.Fault,
            _ => throw new TemplateFault($"a '{PythonValues.TypeName(called)}' cannot be called"),
        };
    }
}

/// <summary><c>value|filter(arguments)</c></summary>
internal sealed class Filtered(Expression? operand, string name, ArgumentList arguments, int line) : Expression(line)
{
    protected override object? Value(Scope scope, Rendering rendering) => Apply(operand!.Evaluate(scope, rendering), scope, rendering);

    /// <summary>The filter's value of a text that a block captured: it stands for the operand that a chain of filters lacks.</summary>
    public object? Of(object? captured, Scope scope, Rendering rendering)
    {
        Budget.RequireStack();
        return Apply(operand is Filtered inner ? inner.Of(captured, scope, rendering) : captured, scope, rendering);
    }

    private object? Apply(object? value, Scope scope, Rendering rendering)
    {
        var given = arguments.Evaluate(scope, rendering);
        rendering.Line = Line;
        return TemplateFilters.Apply(name, value, given, rendering.Budget);
    }
}

/// <summary><c>value is test(arguments)</c></summary>
internal sealed class Tested(Expression operand, string name, ArgumentList arguments, int line) : Expression(line)
{
    protected override object? Value(Scope scope, Rendering rendering)
    {
        var (value, given) = (operand.Evaluate(scope, rendering), arguments.Evaluate(scope, rendering));
        rendering.Line = Line;
        return TemplateTests.Apply(name, value, given, rendering.Budget);
    }
}
