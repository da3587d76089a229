using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Jinja;

/// <summary><c>{% set target = value %}</c></summary>
internal sealed class SetStatement(Expression target, Expression value, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, Rendering rendering)
    {
        var result = value.Evaluate(scope, rendering);
        rendering.Line = Line;
        Assign(target, result, scope, rendering);
        return Flow.Next;
    }

    /// <summary>Sets a variable, several of a tuple, or an attribute of a namespace.</summary>
    public static void Assign(Expression target, object? value, Scope scope, Rendering rendering)
    {
        switch (target)
        {
            case Variable variable:
                scope.Set(variable.Name, value);
                break;
            case NamespaceField field:
                if (!scope.TryGet(field.Space, out var space) || space is not Namespace attributes)
                    throw new TemplateFault($"'{field.Space}' is not a namespace: its attribute '{field.Name}' cannot be set");
                rendering.Budget.Entries(1);
                attributes.Attributes[field.Name] = value;
                break;
            case TupleLiteral tuple:
                Budget.RequireStack();
                var values = PythonSequences.RequireEntries(value, rendering.Budget).Take(tuple.Items.Count + 1).ToList();
                if (values.Count != tuple.Items.Count)
                    throw new TemplateFault(
                        $"cannot unpack into {tuple.Items.Count} names: there are "
                            + $"{(values.Count > tuple.Items.Count ? "more" : values.Count.ToString())} values");
                for (var i = 0; i < values.Count; i++)
                    Assign(tuple.Items[i], values[i], scope, rendering);
                break;
        }
    }
}

/// <summary><c>{% set target %}...{% endset %}</c>: what the body writes, through filters where there are some.</summary>
internal sealed class SetBlock(Expression target, Filtered? filter, IReadOnlyList<Statement> body, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, Rendering rendering)
    {
        var inner = new Scope(scope);
        object? captured = rendering.Capture(() => ExecuteAll(body, inner, rendering));
        SetStatement.Assign(target, filter is null ? captured : filter.Of(captured, inner, rendering), scope, rendering);
        return Flow.Next;
    }
}

/// <summary><c>{% with a = 1 %}...{% endwith %}</c>: variables for the body.</summary>
internal sealed class WithStatement(
    IReadOnlyList<(Expression Target, Expression Value)> variables, IReadOnlyList<Statement> body, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, Rendering rendering)
    {
        var inner = new Scope(scope);
        foreach (var (target, value) in variables)
            SetStatement.Assign(target, value.Evaluate(scope, rendering), inner, rendering);
        return ExecuteAll(body, inner, rendering);
    }
}

/// <summary><c>{% filter name %}...{% endfilter %}</c></summary>
internal sealed class FilterBlock(Filtered filter, IReadOnlyList<Statement> body, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, Rendering rendering)
    {
        var inner = new Scope(scope);
        var captured = rendering.Capture(() => ExecuteAll(body, inner, rendering));
        rendering.Write(PythonText.Str(filter.Of(captured, inner, rendering), rendering.Budget));
        return Flow.Next;
    }
}

/// <summary><c>{% generation %}...{% endgeneration %}</c> of transformers: what the assistant wrote.</summary>
internal sealed class GenerationBlock(IReadOnlyList<Statement> body, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, Rendering rendering)
    {
        var inner = new Scope(scope);
        rendering.Generate(() => ExecuteAll(body, inner, rendering));
        return Flow.Next;
    }
}
