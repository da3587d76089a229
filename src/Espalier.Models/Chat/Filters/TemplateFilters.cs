using Espalier.Models.Chat.Methods;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Filters;

/// <summary>A filter: <c>value|name(arguments)</c>.</summary>
internal delegate object? Filter(object? value, Arguments arguments, Budget budget);

/// <summary>The filters that templates may use, by name; jinja2's, and transformers' <c>tojson</c>.</summary>
internal static class TemplateFilters
{
    private static readonly Dictionary<string, Filter> s_filters = new()
    {
        ["default"] = Default,
        ["d"] = Default,
        ["tojson"] = JsonText.Of,
        ["string"] = static (value, arguments, budget) =>
            Alone("string", arguments) && value is Markup ? value : PythonText.Str(value, budget),
        ["safe"] = static (value, arguments, budget) =>
            Alone("safe", arguments) && value is Markup ? value : new Markup(PythonText.Str(value, budget)),
        ["escape"] = static (value, _, budget) => Markup.Escape(value, budget),
        ["e"] = static (value, _, budget) => Markup.Escape(value, budget),
        ["forceescape"] = static (value, _, budget) => Markup.Escape(PythonText.Str(value, budget), budget),
        ["attr"] = static (value, arguments, _) => arguments.Bind("attr", 1, "name").Text(0) is var name && value is PythonDict
            && PythonMembers.Attribute(PythonDict.Of([]), name) is Undefined
                ? Undefined.Member(value, name) : PythonMembers.Attribute(value, name),
        ["trim"] = TextFilters.Trim,
        ["upper"] = TextFilters.Cased(PythonCase.Upper),
        ["lower"] = TextFilters.Cased(PythonCase.Lower),
        ["capitalize"] = TextFilters.Cased(PythonCase.Capitalize),
        ["title"] = TextFilters.Cased(TextFilters.Title),
        ["replace"] = TextFilters.Replace,
        ["indent"] = TextFilters.Indent,
        ["join"] = TextFilters.Join,
        ["center"] = TextFilters.Center,
        ["format"] = TextFilters.Format,
        ["truncate"] = TextFilters.Truncate,
        ["wordcount"] = TextFilters.WordCount,
        ["urlencode"] = TextFilters.UrlEncode,
        ["int"] = NumberFilters.Int,
        ["float"] = NumberFilters.Float,
        ["abs"] = NumberFilters.Abs,
        ["round"] = NumberFilters.Round,
        ["sum"] = NumberFilters.Sum,
        ["length"] = ListFilters.Length,
        ["count"] = ListFilters.Length,
        ["list"] = static (value, arguments, budget) => Alone("list", arguments) ? PythonSequences.List(value, budget) : null,
        ["first"] = ListFilters.First,
        ["last"] = ListFilters.Last,
        ["reverse"] = ListFilters.Reverse,
        ["items"] = ListFilters.Items,
        ["dictsort"] = SortFilters.DictSort,
        ["sort"] = SortFilters.Sort,
        ["unique"] = SortFilters.Unique,
        ["groupby"] = SortFilters.GroupBy,
        ["min"] = (value, arguments, budget) => SortFilters.Extreme("min", -1, value, arguments, budget),
        ["max"] = (value, arguments, budget) => SortFilters.Extreme("max", 1, value, arguments, budget),
        ["batch"] = ListFilters.Batch,
        ["slice"] = ListFilters.Slice,
        ["map"] = SelectFilters.Map,
        ["select"] = (value, arguments, budget) => SelectFilters.Select(value, arguments, budget, true, false),
        ["reject"] = (value, arguments, budget) => SelectFilters.Select(value, arguments, budget, false, false),
        ["selectattr"] = (value, arguments, budget) => SelectFilters.Select(value, arguments, budget, true, true),
        ["rejectattr"] = (value, arguments, budget) => SelectFilters.Select(value, arguments, budget, false, true),
    };

    public static IReadOnlyCollection<string> Names => s_filters.Keys;

    /// <summary>Applies a filter.</summary>
    /// <exception cref="TemplateFault">There is none of that name, or the value does not go with it.</exception>
    public static object? Apply(string name, object? value, Arguments arguments, Budget budget) =>
        s_filters.TryGetValue(name, out var filter) ? filter(value, arguments, budget)
            : throw new TemplateFault($"there is no filter '{name}': {NearestName.Instead(name, Names)}");

    /// <summary>Refuses arguments of what takes none.</summary>
    public static bool Alone(string name, Arguments arguments) => arguments.Bind(name, 0) is not null;

    private static object? Default(object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("default", 0, "default_value", "boolean");
        return value is Undefined || given.Truth(1) && !PythonValues.Truth(value) ? given.Or(0, "") : value;
    }
}
