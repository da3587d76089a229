using System.Numerics;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Methods;

/// <summary>Python's operators between any two values.</summary>
internal static class PythonOperators
{
    /// <summary>The result of + - * / // % or **.</summary>
    public static object? Apply(string sign, object? left, object? right, Budget budget)
    {
        if (left is Undefined undefined)
            throw undefined.Fault;
        // A text left of % is formatted, whatever is right of it.
        if (sign == "%" && PythonValues.TextOf(left) is { } format)
            return left is Markup ? new Markup(PercentFormat.Apply(format, right, budget)) : PercentFormat.Apply(format, right, budget);
        if (right is Undefined other)
            throw other.Fault;
        if (PythonNumbers.IsNumber(left) && PythonNumbers.IsNumber(right))
            return PythonNumbers.Apply(sign, left!, right!);
        return sign switch
        {
            "+" => Add(left, right, budget),
            "*" => Repeat(left, right, budget) ?? Repeat(right, left, budget) ?? throw TemplateFault.Operands(sign, left, right),
            _ => throw TemplateFault.Operands(sign, left, right),
        };
    }

    /// <summary><c>-value</c> or <c>+value</c>.</summary>
    public static object Signed(string sign, object? value) => value is Undefined undefined ? throw undefined.Fault
        : !PythonNumbers.IsNumber(value) ? throw new TemplateFault($"'{sign}' does not apply to a '{PythonValues.TypeName(value)}'")
        : sign == "-" ? PythonNumbers.Negate(value!) : value is bool truth ? truth ? 1L : 0L : value!;

    private static object? Add(object? left, object? right, Budget budget)
    {
        if (PythonValues.TextOf(left) is { } a && PythonValues.TextOf(right) is { } b)
        {
            var isMarkup = left is Markup || right is Markup;
            if (isMarkup)
                (a, b) = (Markup.Escape(left, budget).Text, Markup.Escape(right, budget).Text);
            budget.Characters(a.Length + (long)b.Length);
            return isMarkup ? new Markup(a + b) : a + b;
        }
        switch (left, right)
        {
            case (List<object?> x, List<object?> y):
                budget.Entries(x.Count + (long)y.Count);
                return new List<object?>([.. x, .. y]);
            case (PythonTuple x, PythonTuple y):
                budget.Entries(x.Items.Count + (long)y.Items.Count);
                return new PythonTuple([.. x.Items, .. y.Items]);
            default:
                throw TemplateFault.Operands("+", left, right);
        }
    }

    private static object? Repeat(object? value, object? times, Budget budget)
    {
        if (times is not (long or bool or BigInteger))
            return null;
        var count = times is BigInteger big ? big.Sign < 0 ? 0 : long.MaxValue : Math.Max(0, (long)PythonValues.IntegerOf(times)!);
        if (PythonValues.TextOf(value) is { } text)
        {
            budget.Characters(Product(text.Length, count));
            var repeated = text.Length == 0 ? "" : new System.Text.StringBuilder().Insert(0, text, (int)count).ToString();
            return value is Markup ? new Markup(repeated) : repeated;
        }
        if ((value as IReadOnlyList<object?> ?? (value as PythonTuple)?.Items) is not { } items)
            return null;
        budget.Entries(Product(items.Count, count));
        var all = new List<object?>();
        for (var i = 0L; i < count && items.Count > 0; i++)
            all.AddRange(items);
        return value is PythonTuple ? new PythonTuple(all) : all;
    }

    private static long Product(long size, long count) => size == 0 ? 0 : count > long.MaxValue / size ? long.MaxValue : size * count;
}
