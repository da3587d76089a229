using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Methods;

/// <summary>
/// Attributes and items as jinja2's sandbox gives them: nothing whose name starts with an underscore, nothing that would change a
/// list or a dict.
/// </summary>
internal static class PythonMembers
{
    // What every object of Python has.
    private static readonly HashSet<string> s_internal =
    [
        "__class__", "__delattr__", "__dict__", "__dir__", "__doc__", "__eq__", "__format__", "__ge__", "__getattribute__", "__getstate__",
        "__gt__", "__hash__", "__init__", "__init_subclass__", "__le__", "__lt__", "__module__", "__ne__", "__new__", "__reduce__",
        "__reduce_ex__", "__repr__", "__setattr__", "__sizeof__", "__str__", "__subclasshook__", "__len__", "__iter__", "__getitem__",
        "__contains__", "__add__", "__mul__", "__call__",
    ];

    // What functions have beside it.
    private static readonly HashSet<string> s_ofFunctions =
        ["__globals__", "__code__", "__closure__", "__defaults__", "__func__", "__self__"];

    /// <summary><c>value.name</c>: the attribute; without one the item of that key; without that undefined.</summary>
    public static object? Attribute(object? value, string name)
    {
        if (value is Undefined undefined)
            return s_internal.Contains(name) ? Undefined.Unsafe(value, name) : throw undefined.Fault;
        return TryAttribute(value, name, out var member) || PythonSequences.TrySubscript(value, name, out member) ? member
            : Undefined.Member(value, name);
    }

    /// <summary><c>value[key]</c>: the item; without one the attribute of that name; without that undefined.</summary>
    public static object? Item(object? value, object? key, Budget budget)
    {
        budget.Text(value);
        budget.Text(key);
        return PythonSequences.TrySubscript(value, key, out var item) || key is string name && TryAttribute(value, name, out item) ? item
            : Undefined.Member(value, key);
    }

    private static bool Changes(object? value, string name) => value switch
    {
        PythonDict => name is "clear" or "pop" or "popitem" or "setdefault" or "update",
        List<object?> => name is "append" or "clear" or "pop" or "reverse" or "insert" or "sort" or "extend" or "remove",
        _ => false,
    };

    private static bool TryAttribute(object? value, string name, out object? member)
    {
        member = null;
        if (value is Namespace space)
            return name == "__class__" ? IsUnsafe(out member) : space.Attributes.TryGet(name, out member);
        if (s_internal.Contains(name) || value is Callable && s_ofFunctions.Contains(name) || Changes(value, name))
            return IsUnsafe(out member);
        if (value is PythonTuple tuple && tuple.Names.ToList().IndexOf(name) is >= 0 and var at)
        {
            member = tuple.Items[at];
            return true;
        }
        if (value is IHasMembers owner)
            return owner.TryMember(name, out member);
        member = value switch
        {
            string text => StringMethods.Find(text, name),
            Markup markup => MarkupMethods.Find(markup, name),
            PythonDict dict => DictMethods.Find(dict, name),
            List<object?> list => ListMethods.Find(list, name),
            PythonTuple items => ListMethods.Find(items.Items, name),
            _ => null,
        };
        return member is not null;

        bool IsUnsafe(out object? found)
        {
            found = Undefined.Unsafe(value, name);
            return true;
        }
    }
}

/// <summary>A value with attributes of its own, such as <c>loop</c>.</summary>
internal interface IHasMembers
{
    /// <summary>The attribute; false where there is none.</summary>
    bool TryMember(string name, out object? member);
}
