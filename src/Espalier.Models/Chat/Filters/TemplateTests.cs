using System.Numerics;
using Espalier.Models.Chat.Methods;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Filters;

/// <summary>The tests of <c>is</c>, by name: jinja2's.</summary>
internal static class TemplateTests
{
    private delegate bool Test(object? value, Budget budget);

    private delegate bool TestWith(object? value, object? other, Budget budget);

    private static readonly Dictionary<string, Test> s_tests = new()
    {
        ["defined"] = static (value, _) => value is not Undefined,
        ["undefined"] = static (value, _) => value is Undefined,
        ["none"] = static (value, _) => value is null,
        ["boolean"] = static (value, _) => value is bool,
        ["true"] = static (value, _) => value is true,
        ["false"] = static (value, _) => value is false,
        ["integer"] = static (value, _) => value is long or BigInteger,
        ["float"] = static (value, _) => value is double,
        ["number"] = static (value, _) => PythonNumbers.IsNumber(value),
        ["string"] = static (value, _) => value is string or Markup,
        ["mapping"] = static (value, _) => value is PythonDict,
        ["sequence"] = static (value, _) => PythonSequences.Length(value) is not null && value is not (DictView or ISized),
        ["iterable"] = static (value, _) => PythonSequences.Iterate(value) is not null,
        ["callable"] = static (value, _) => value is Callable or Undefined,
        ["lower"] = static (value, budget) => PythonCase.IsAll(PythonText.Str(value, budget), false),
        ["upper"] = static (value, budget) => PythonCase.IsAll(PythonText.Str(value, budget), true),
        ["escaped"] = static (value, _) => value is Markup,
        ["odd"] = static (value, budget) => Rest(value, 2L, budget) is 1L or 1.0,
        ["even"] = static (value, budget) => Rest(value, 2L, budget) is 0L or 0.0,
        ["filter"] = static (value, _) => PythonValues.TextOf(value) is { } name && TemplateFilters.Names.Contains(name),
        ["test"] = static (value, _) => PythonValues.TextOf(value) is { } name && (s_tests!.ContainsKey(name) || s_with!.ContainsKey(name)),
    };

    private static readonly Dictionary<string, TestWith> s_with = new()
    {
        ["divisibleby"] = static (value, other, budget) => Rest(value, other, budget) is 0L or 0.0,
        ["sameas"] = static (value, other, _) => ReferenceEquals(value, other)
            || value is bool or long or string && value.GetType() == other?.GetType() && value.Equals(other),
        ["in"] = static (value, other, budget) => PythonSequences.Contains(other, value, budget),
        ["=="] = PythonOrder.AreEqual,
        ["eq"] = PythonOrder.AreEqual,
        ["equalto"] = PythonOrder.AreEqual,
        ["!="] = static (value, other, budget) => !PythonOrder.AreEqual(value, other, budget),
        ["ne"] = static (value, other, budget) => !PythonOrder.AreEqual(value, other, budget),
        [">"] = Ordered(">", static order => order > 0),
        ["gt"] = Ordered(">", static order => order > 0),
        ["greaterthan"] = Ordered(">", static order => order > 0),
        [">="] = Ordered(">=", static order => order >= 0),
        ["ge"] = Ordered(">=", static order => order >= 0),
        ["<"] = Ordered("<", static order => order < 0),
        ["lt"] = Ordered("<", static order => order < 0),
        ["lessthan"] = Ordered("<", static order => order < 0),
        ["<="] = Ordered("<=", static order => order <= 0),
        ["le"] = Ordered("<=", static order => order <= 0),
    };

    /// <summary>Whether a value passes a test.</summary>
    /// <exception cref="TemplateFault">There is none of that name, or the value does not go with it.</exception>
    public static bool Apply(string name, object? value, Arguments arguments, Budget budget)
    {
        if (s_tests.TryGetValue(name, out var test))
            return arguments.Bind(name, 0) is not null && test(value, budget);
        return s_with.TryGetValue(name, out var with) ? with(value, arguments.Bind(name, 1, "other")[0], budget)
            : throw new TemplateFault($"there is no test '{name}': {NearestName.Instead(name, [.. s_tests.Keys, .. s_with.Keys])}");
    }

    private static TestWith Ordered(string sign, Predicate<int> isWanted) => (value, other, budget) =>
        PythonOrder.Compare(value, other, sign, budget) is { } order && isWanted(order);

    private static object? Rest(object? value, object? other, Budget budget) => PythonOperators.Apply("%", value, other, budget);
}
