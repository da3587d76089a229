using Espalier.Models.Chat.Methods;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Filters;

/// <summary>The filters that go by an order or by equality.</summary>
internal static class SortFilters
{
    /// <summary><c>dictsort(case_sensitive=False, by='key', reverse=False)</c>.</summary>
    public static object? DictSort(object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("dictsort", 0, "case_sensitive", "by", "reverse");
        var place = given.Text(1, "key") switch
        {
            "key" => 0,
            "value" => 1,
            _ => throw new TemplateFault("dictsort(): 'by' must be key or value"),
        };
        if (value is Undefined undefined)
            throw undefined.Fault;
        return value is PythonDict dict
            ? PythonOrder.Sort(new DictView("items", dict).Entries, item => Key(((PythonTuple)item!).Items[place], given.Truth(0)),
                given.Truth(2), budget)
            : throw new TemplateFault($"dictsort takes a dict, not '{PythonValues.TypeName(value)}'");
    }

    /// <summary><c>sort(reverse=False, case_sensitive=False, attribute=None)</c>; the attribute may be several, with commas.</summary>
    public static object? Sort(object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("sort", 0, "reverse", "case_sensitive", "attribute");
        var getters = PythonValues.TextOf(given[2]) is { } paths
            ? paths.Split(',').Select(path => AttributePath.Getter(path, budget)).ToArray() : [AttributePath.Getter(given[2], budget)];
        return PythonOrder.Sort(PythonSequences.RequireEntries(value, budget),
            item => getters.Select(getter => Key(getter(item), given.Truth(1))).ToList(), given.Truth(0), budget);
    }

    /// <summary><c>unique(case_sensitive=False, attribute=None)</c>.</summary>
    public static object? Unique(object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("unique", 0, "case_sensitive", "attribute");
        var (getter, seen) = (AttributePath.Getter(given[1], budget), new HashSet<PythonDict.Key>());
        return new OneShot(PythonSequences.RequireEntries(value, budget)
            .Where(item =>
            {
                var key = Key(getter(item), given.Truth(0));
                budget.Text(key);
                return seen.Add(PythonDict.Key.Of(key));
            }));
    }

    /// <summary><c>groupby(attribute, default=None, case_sensitive=False)</c>.</summary>
    public static object? GroupBy(object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("groupby", 1, "attribute", "default", "case_sensitive");
        var getter = AttributePath.Getter(given[0], budget, given[1]);
        object? GroupKey(object? item) => Key(getter(item), given.Truth(2));
        var groups = new List<object?>();
        object? last = null;
        foreach (var item in PythonOrder.Sort(PythonSequences.RequireEntries(value, budget), GroupKey, false, budget))
        {
            var key = GroupKey(item);
            if (groups.Count == 0 || !PythonOrder.AreEqual(last, key, budget))
                groups.Add(new PythonTuple([given.Truth(2) ? key : getter(item), new List<object?>()]) { Names = ["grouper", "list"] });
            ((List<object?>)((PythonTuple)groups[^1]!).Items[1]!).Add(item);
            last = key;
        }
        return groups;
    }

    /// <summary><c>min</c> or <c>max</c> <c>(case_sensitive=False, attribute=None)</c>.</summary>
    /// <param name="name">The filter.</param>
    /// <param name="direction">-1 for the least, 1 for the greatest.</param>
    /// <param name="value">The entries.</param>
    /// <param name="arguments">The filter's arguments.</param>
    /// <param name="budget">What counts the entries.</param>
    public static object? Extreme(string name, int direction, object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind(name, 0, "case_sensitive", "attribute");
        var getter = AttributePath.Getter(given[1], budget);
        var (any, best, bestKey) = (false, (object?)null, (object?)null);
        foreach (var item in PythonSequences.RequireEntries(value, budget))
        {
            var key = Key(getter(item), given.Truth(0));
            if (!any || PythonOrder.Compare(key, bestKey, direction < 0 ? "<" : ">", budget) * direction > 0)
                (best, bestKey) = (item, key);
            any = true;
        }
        return any ? best : new Undefined($"{name}: there is no entry");
    }

    private static object? Key(object? value, bool isCaseSensitive) =>
        !isCaseSensitive && PythonValues.TextOf(value) is { } text ? PythonCase.Lower(text) : value;
}
