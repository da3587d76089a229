using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Methods;

/// <summary>The methods of dicts that change nothing.</summary>
internal static class DictMethods
{
    /// <summary>A method; null where there is none of that name.</summary>
    public static Callable? Find(PythonDict dict, string name) => name switch
    {
        "keys" or "values" or "items" => new Builtin(name, (arguments, _) =>
        {
            arguments.Bind(name, 0);
            return new DictView(name, dict);
        }),
        "get" => new Builtin(name, (arguments, budget) =>
        {
            var given = arguments.Bind(name, 1, "key", "default");
            budget.Text(given[0]);
            return dict.TryGet(given[0], out var value) ? value : given[1];
        }),
        "copy" => new Builtin(name, (arguments, budget) =>
        {
            arguments.Bind(name, 0);
            budget.Entries(dict.Count);
            return PythonDict.Of(dict.Items);
        }),
        _ => null,
    };
}

/// <summary>The methods of lists and tuples that change nothing.</summary>
internal static class ListMethods
{
    /// <summary>A method; null where there is none of that name.</summary>
    public static Callable? Find(IReadOnlyList<object?> list, string name) => name switch
    {
        "count" => new Builtin(name, (arguments, budget) =>
        {
            var item = arguments.Bind(name, 1, "value")[0];
            budget.Step(list.Count);
            return (long)list.Count(entry => PythonOrder.AreEqual(entry, item, budget));
        }),
        "index" => new Builtin(name, (arguments, budget) =>
        {
            var given = arguments.Bind(name, 1, "value", "start", "stop");
            long Place(long index) => Math.Clamp(index < 0 ? index + list.Count : index, 0, list.Count);
            var (start, stop) = (Place(given.Integer(1, 0)), Place(given.Integer(2, list.Count)));
            budget.Step(list.Count);
            for (var i = start; i < stop; i++)
                if (PythonOrder.AreEqual(list[(int)i], given[0], budget))
                    return i;
            throw new TemplateFault($"{PythonText.Short(given[0])} is not in the list");
        }),
        "copy" when list is List<object?> => new Builtin(name, (arguments, budget) =>
        {
            arguments.Bind(name, 0);
            budget.Entries(list.Count);
            return list.ToList();
        }),
        _ => null,
    };
}

/// <summary>The methods of markup: those of str, whose texts become markup again.</summary>
internal static class MarkupMethods
{
    /// <summary>A method; null where there is none of that name.</summary>
    public static Callable? Find(Markup markup, string name) => StringMethods.Find(markup.Text, name) is not { } method ? null
        : new Builtin(name, (arguments, budget) => method.Call(arguments, budget) switch
        {
            string text => new Markup(text),
            List<object?> list => list.Select(static item => item is string part ? new Markup(part) : item).ToList(),
            var other => other,
        });
}
