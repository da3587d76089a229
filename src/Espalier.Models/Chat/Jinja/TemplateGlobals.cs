using Espalier.Models.Chat.Methods;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Jinja;

/// <summary>The functions that every template has: jinja2's, and transformers' <c>raise_exception</c> and <c>strftime_now</c>.</summary>
internal static class TemplateGlobals
{
    /// <summary>A scope with the functions.</summary>
    /// <param name="now">The local time of <c>strftime_now</c>.</param>
    public static Scope Scope(DateTime now)
    {
        var scope = new Scope(null);
        Add("range", Range);
        Add("dict", static (arguments, budget) => Dict("dict", arguments, budget));
        Add("namespace", static (arguments, budget) => new Namespace(Dict("namespace", arguments, budget)));
        Add("cycler", static (arguments, _) => arguments.Positional.Count > 0 ? new Cycler(arguments.Positional)
            : throw new TemplateFault("cycler() takes values"));
        Add("joiner", static (arguments, budget) =>
        {
            var (separator, isUsed) = (arguments.Bind("joiner", 0, "sep").Text(0, ", "), false);
            return new Builtin("joiner", (_, _) =>
            {
                var before = isUsed ? separator : "";
                isUsed = true;
                return before;
            });
        });
        Add("raise_exception", static (arguments, budget) =>
            throw new TemplateFault("it rejects these messages: "
                + $"{PythonText.Str(arguments.Bind("raise_exception", 1, "message")[0], budget)}"));
        Add("strftime_now", (arguments, budget) => StrfTime.Format(now, arguments.Bind("strftime_now", 1, "format").Text(0), budget));
        return scope;

        void Add(string name, Func<Arguments, Budget, object?> body) => scope.Set(name, new Builtin(name, body));
    }

    private static PythonRange Range(Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("range", 1, "start", "stop", "step");
        return given.Has(1) ? PythonRange.Of(given.Integer(0), given.Integer(1), given.Integer(2, 1))
            : PythonRange.Of(0, given.Integer(0), 1);
    }

    private static PythonDict Dict(string name, Arguments arguments, Budget budget)
    {
        var dict = new PythonDict();
        if (arguments.Positional.Count > 1)
            throw new TemplateFault($"{name}() takes one dict");
        if (arguments.Positional is [PythonDict first])
            foreach (var (key, value) in first.Items)
                dict[key] = value;
        else if (arguments.Positional is [var pairs])
            foreach (var pair in PythonSequences.RequireEntries(pairs, budget))
            {
                if (PythonSequences.List(pair, budget) is not [var key, var value])
                    throw new TemplateFault($"{name}() takes a dict or pairs");
                dict[key] = value;
            }
        foreach (var (key, value) in arguments.Named)
            dict[key] = value;
        budget.Entries(dict.Count);
        return dict;
    }

    private sealed class Cycler(IReadOnlyList<object?> items) : IHasMembers
    {
        private int _at;

        public bool TryMember(string name, out object? member)
        {
            member = name switch
            {
                "current" => items[_at],
                "next" => new Builtin(name, (_, _) =>
                {
                    var current = items[_at];
                    _at = (_at + 1) % items.Count;
                    return current;
                }),
                "reset" => new Builtin(name, (_, _) =>
                {
                    _at = 0;
                    return null;
                }),
                _ => this,
            };
            return !ReferenceEquals(member, this);
        }
    }
}
