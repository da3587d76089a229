using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Filters;

/// <summary>
/// The filters that ask another filter or a test of each entry. They give an iterator, which is true even without entries.
/// </summary>
internal static class SelectFilters
{
    /// <summary><c>map('filter', ...)</c> or <c>map(attribute='a.b', default=None)</c>.</summary>
    public static object? Map(object? value, Arguments arguments, Budget budget)
    {
        if (!PythonValues.Truth(value))
            return new OneShot([]);
        Func<object?, object?> map;
        if (arguments.Positional.Count == 0 && arguments.Named.Any(static item => item.Name == "attribute"))
        {
            var given = arguments.Bind("map", 0, "attribute", "default");
            map = AttributePath.Getter(given[0], budget, given[1]);
        }
        else if (arguments.Positional.Count > 0)
        {
            var (name, rest) = (PythonValues.RequireText(arguments.Positional[0], "the filter of map()"), arguments.Skip(1));
            map = entry => TemplateFilters.Apply(name, entry, rest, budget);
        }
        else
            throw new TemplateFault("map() takes a filter's name or 'attribute'");
        return new OneShot(PythonSequences.RequireEntries(value, budget).Select(map));
    }

    /// <summary><c>select</c>, <c>reject</c>, <c>selectattr</c> and <c>rejectattr</c>.</summary>
    /// <param name="value">The entries; what is false has none.</param>
    /// <param name="arguments">The attribute, the test's name, its arguments.</param>
    /// <param name="budget">What counts the entries.</param>
    /// <param name="wanted">What the test must say.</param>
    /// <param name="byAttribute">Whether the test is of an attribute.</param>
    public static object? Select(object? value, Arguments arguments, Budget budget, bool wanted, bool byAttribute)
    {
        if (!PythonValues.Truth(value))
            return new OneShot([]);
        if (byAttribute && arguments.Positional.Count == 0)
            throw new TemplateFault("selectattr() and rejectattr() take an attribute's name");
        var getter = AttributePath.Getter(byAttribute ? arguments.Positional[0] : null, budget);
        var rest = arguments.Skip(byAttribute ? 1 : 0);
        Func<object?, bool> test = PythonValues.Truth;
        if (rest.Positional.Count > 0)
        {
            var (name, others) = (PythonValues.RequireText(rest.Positional[0], "a test's name"), rest.Skip(1));
            test = entry => TemplateTests.Apply(name, entry, others, budget);
        }
        return new OneShot(PythonSequences.RequireEntries(value, budget).Where(entry => test(getter(entry)) == wanted));
    }
}
