using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Jinja;

/// <summary>How a statement ended.</summary>
internal enum Flow
{
    /// <summary>The next one follows.</summary>
    Next,

    /// <summary>The loop around it goes on with its next entry.</summary>
    Continue,

    /// <summary>The loop around it ends.</summary>
    Break,
}

/// <summary>A part of a template that does something.</summary>
/// <param name="line">Its line, from 1.</param>
internal abstract class Statement(int line)
{
    /// <summary>Its line, from 1.</summary>
    public int Line => line;

    public Flow Execute(Scope scope, Rendering rendering)
    {
        Budget.RequireStack();
        rendering.Budget.Step();
        rendering.Line = line;
        return Run(scope, rendering);
    }

    /// <summary>Does several until one breaks off.</summary>
    public static Flow ExecuteAll(IReadOnlyList<Statement> statements, Scope scope, Rendering rendering)
    {
        foreach (var statement in statements)
            if (statement.Execute(scope, rendering) is not Flow.Next and var flow)
                return flow;
        return Flow.Next;
    }

    /// <summary>Does it, once the step is counted.</summary>
    protected abstract Flow Run(Scope scope, Rendering rendering);
}

/// <summary>Text outside of tags.</summary>
internal sealed class TextOutput(string text, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, Rendering rendering)
    {
        rendering.Write(text);
        return Flow.Next;
    }
}

/// <summary><c>{{ value }}</c></summary>
internal sealed class ValueOutput(Expression value, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, Rendering rendering)
    {
        rendering.Write(PythonText.Str(value.Evaluate(scope, rendering), rendering.Budget));
        return Flow.Next;
    }
}

/// <summary><c>{% if %}</c> with its <c>elif</c> and <c>else</c>; none of them has variables of its own.</summary>
internal sealed class IfStatement(
    IReadOnlyList<(Expression Condition, IReadOnlyList<Statement> Body)> branches,
    IReadOnlyList<Statement> otherwise, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, Rendering rendering)
    {
        foreach (var (condition, body) in branches)
            if (PythonValues.Truth(condition.Evaluate(scope, rendering)))
                return ExecuteAll(body, scope, rendering);
        return ExecuteAll(otherwise, scope, rendering);
    }
}

/// <summary><c>{% break %}</c> or <c>{% continue %}</c>.</summary>
internal sealed class Jump(Flow flow, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, Rendering rendering) => flow;
}
