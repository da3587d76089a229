using System.Numerics;

namespace Espalier.Models.Chat.Python;

/// <summary>Python's equality, hashes and order.</summary>
internal static class PythonOrder
{
    /// <summary>Python's <c>==</c>.</summary>
    /// <param name="left">A value.</param>
    /// <param name="right">Another.</param>
    /// <param name="budget">What counts the entries that are compared; null for keys, which are not nested deeply.</param>
    public static bool AreEqual(object? left, object? right, Budget? budget)
    {
        if (left is Undefined || right is Undefined)
            return left is Undefined && right is Undefined;
        if (PythonNumbers.IsNumber(left) && PythonNumbers.IsNumber(right))
            return PythonNumbers.Compare(left!, right!) == 0;
        budget?.Text(left);
        if (PythonValues.TextOf(left) is { } text)
            return PythonValues.TextOf(right) is { } other && string.Equals(text, other, StringComparison.Ordinal);
        return (left, right) switch
        {
            (List<object?> a, List<object?> b) => SameEntries(a, b, budget),
            (PythonTuple a, PythonTuple b) => SameEntries(a.Items, b.Items, budget),
            (PythonDict a, PythonDict b) => SameItems(a, b, budget),
            (PythonRange a, PythonRange b) =>
                a.Count == b.Count && (a.Count == 0 || a.Start == b.Start && (a.Count == 1 || a.Step == b.Step)),
            (DictView a, DictView b) when a.Kind != "values" => SameEntries([.. a.Entries], [.. b.Entries], budget),
            _ => ReferenceEquals(left, right),
        };
    }

    /// <summary>Whether a value may be a key. Tuples may, if they are short and hold no others, so that a look-up stays cheap.</summary>
    public static bool IsHashable(object? value) => value switch
    {
        List<object?> or PythonDict or DictView => false,
        PythonTuple { Items.Count: <= 64 } tuple => tuple.Items.All(static item => item is not PythonTuple && IsHashable(item)),
        PythonTuple => false,
        _ => true,
    };

    /// <summary>A hash that equal values share.</summary>
    public static int Hash(object? value)
    {
        switch (value)
        {
            case null: return 0;
            case bool truth: return (truth ? 1L : 0L).GetHashCode();
            case double number:
                return double.IsInteger(number) && Math.Abs(number) < 1L << 53 ? ((long)number).GetHashCode()
                    : double.IsInteger(number) ? new BigInteger(number).GetHashCode() : number.GetHashCode();
            case long number: return Math.Abs((double)number) < 1L << 53 ? number.GetHashCode() : new BigInteger(number).GetHashCode();
            case Markup markup: return markup.Text.GetHashCode(StringComparison.Ordinal);
            case Undefined: return 1;
            case PythonTuple tuple: return tuple.Items.Aggregate(17, static (hash, item) => HashCode.Combine(hash, Hash(item)));
            default: return value.GetHashCode();
        }
    }

    /// <summary>Python's <c>&lt;</c>, <c>&gt;</c> and so on: below 0, 0 or above; null where one side is NaN.</summary>
    /// <param name="left">A value.</param>
    /// <param name="right">Another.</param>
    /// <param name="sign">The operator, for the error.</param>
    /// <param name="budget">What counts the entries that are compared.</param>
    /// <exception cref="TemplateFault">The two have no order.</exception>
    public static int? Compare(object? left, object? right, string sign, Budget budget)
    {
        if (left is Undefined undefined || (undefined = (right as Undefined)!) is not null)
            throw undefined.Fault;
        if (PythonNumbers.IsNumber(left) && PythonNumbers.IsNumber(right))
            return PythonNumbers.Compare(left!, right!);
        budget.Text(left);
        if (PythonValues.TextOf(left) is { } a && PythonValues.TextOf(right) is { } b)
            return CodePoints.Compare(a, b);
        return (left, right) switch
        {
            (List<object?> x, List<object?> y) => CompareEntries(x, y, sign, budget),
            (PythonTuple x, PythonTuple y) => CompareEntries(x.Items, y.Items, sign, budget),
            _ => throw new TemplateFault(
                $"'{sign}' cannot compare '{PythonValues.TypeName(left)}' and '{PythonValues.TypeName(right)}'"),
        };
    }

    /// <summary>Sorts as Python's <c>sorted</c>: equal keys keep their order, in reverse too.</summary>
    public static List<object?> Sort(IEnumerable<object?> items, Func<object?, object?> key, bool isReverse, Budget budget)
    {
        var keyed = items.Select(item => (Item: item, Key: key(item))).ToList();
        budget.Entries(keyed.Count);
        var comparer = Comparer<object?>.Create((a, b) =>
        {
            budget.Step();
            return Compare(a, b, "<", budget) ?? 0;
        });
        try
        {
            return [.. (isReverse ? keyed.OrderByDescending(static x => x.Key, comparer) : keyed.OrderBy(static x => x.Key, comparer))
                .Select(static x => x.Item)];
        }
        catch (InvalidOperationException e) when (e.InnerException is TemplateFault fault)
        {
            throw fault;
        }
    }

    private static bool SameEntries(IReadOnlyList<object?> a, IReadOnlyList<object?> b, Budget? budget)
    {
        if (a.Count != b.Count)
            return false;
        budget?.Enter();
        Budget.RequireStack();
        var at = 0;
        for (; at < a.Count && (ReferenceEquals(a[at], b[at]) || AreEqual(a[at], b[at], budget)); at++)
            budget?.Step();
        budget?.Leave();
        return at == a.Count;
    }

    private static bool SameItems(PythonDict a, PythonDict b, Budget? budget)
    {
        if (a.Count != b.Count)
            return false;
        budget?.Enter();
        budget?.Step(a.Count);
        var areSame = a.Items.All(item =>
            b.TryGet(item.Key, out var other) && (ReferenceEquals(item.Value, other) || AreEqual(item.Value, other, budget)));
        budget?.Leave();
        return areSame;
    }

    private static int? CompareEntries(IReadOnlyList<object?> a, IReadOnlyList<object?> b, string sign, Budget budget)
    {
        budget.Enter();
        var at = 0;
        for (; at < Math.Min(a.Count, b.Count) && AreEqual(a[at], b[at], budget); at++)
            budget.Step();
        var order = at < Math.Min(a.Count, b.Count) ? Compare(a[at], b[at], sign, budget) : a.Count.CompareTo(b.Count);
        budget.Leave();
        return order;
    }
}
