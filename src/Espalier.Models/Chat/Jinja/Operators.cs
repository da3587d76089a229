using Espalier.Models.Chat.Methods;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Jinja;

/// <summary><c>left sign right</c> of arithmetic.</summary>
internal sealed class Binary(string sign, Expression left, Expression right, int line) : Expression(line)
{
    protected override object? Value(Scope scope, Rendering rendering)
    {
        var (a, b) = (left.Evaluate(scope, rendering), right.Evaluate(scope, rendering));
        rendering.Line = Line;
        return PythonOperators.Apply(sign, a, b, rendering.Budget);
    }
}

/// <summary><c>-value</c> or <c>+value</c>.</summary>
internal sealed class Signed(string sign, Expression operand, int line) : Expression(line)
{
    protected override object? Value(Scope scope, Rendering rendering) => PythonOperators.Signed(sign, operand.Evaluate(scope, rendering));
}

/// <summary><c>a ~ b ~ c</c>: the texts of all in a row.</summary>
internal sealed class Concatenation(IReadOnlyList<Expression> parts, int line) : Expression(line)
{
    protected override object? Value(Scope scope, Rendering rendering)
    {
        var texts = All(parts, scope, rendering).Select(part => PythonText.Str(part, rendering.Budget)).ToArray();
        rendering.Budget.Characters(texts.Sum(static text => (long)text.Length));
        return string.Concat(texts);
    }
}

/// <summary><c>not operand</c>.</summary>
internal sealed class Negation(Expression operand, int line) : Expression(line)
{
    protected override object? Value(Scope scope, Rendering rendering) => !PythonValues.Truth(operand.Evaluate(scope, rendering));
}

/// <summary><c>left and right</c> or <c>left or right</c>: the value of the operand that decides.</summary>
internal sealed class Junction(bool isAnd, Expression left, Expression right, int line) : Expression(line)
{
    protected override object? Value(Scope scope, Rendering rendering)
    {
        var value = left.Evaluate(scope, rendering);
        return PythonValues.Truth(value) == isAnd ? right.Evaluate(scope, rendering) : value;
    }
}

/// <summary><c>then if condition else otherwise</c>; without an else undefined.</summary>
internal sealed class Conditional(Expression condition, Expression then, Expression? otherwise, int line) : Expression(line)
{
    protected override object? Value(Scope scope, Rendering rendering) =>
        PythonValues.Truth(condition.Evaluate(scope, rendering)) ? then.Evaluate(scope, rendering)
            : otherwise is null ? new Undefined("an inline if was false and has no else") : otherwise.Evaluate(scope, rendering);
}

/// <summary><c>a &lt; b &lt;= c</c>, <c>a in b</c>: a chain as in Python.</summary>
internal sealed class Comparison(Expression first, IReadOnlyList<(string Sign, Expression Operand)> rest, int line) : Expression(line)
{
    protected override object? Value(Scope scope, Rendering rendering)
    {
        var left = first.Evaluate(scope, rendering);
        foreach (var (sign, operand) in rest)
        {
            var right = operand.Evaluate(scope, rendering);
            rendering.Line = Line;
            if (!Holds(sign, left, right, rendering.Budget))
                return false;
            left = right;
        }
        return true;
    }

    private static bool Holds(string sign, object? left, object? right, Budget budget)
    {
        switch (sign)
        {
            case "==": return PythonOrder.AreEqual(left, right, budget);
            case "!=": return !PythonOrder.AreEqual(left, right, budget);
            case "in": return PythonSequences.Contains(right, left, budget);
            case "not in": return !PythonSequences.Contains(right, left, budget);
        }
        return PythonOrder.Compare(left, right, sign, budget) is { } order && sign switch
        {
            "<" => order < 0,
            "<=" => order <= 0,
            ">" => order > 0,
            _ => order >= 0,
        };
    }
}
