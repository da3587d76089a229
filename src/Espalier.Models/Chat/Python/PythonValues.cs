using System.Numerics;

namespace Espalier.Models.Chat.Python;

/// <summary>
/// Python's values as templates see them: null is None; bool, long (beyond it BigInteger), double and string are themselves; lists are
/// <c>List&lt;object?&gt;</c>; the rest are classes of this folder.
/// </summary>
internal static class PythonValues
{
    /// <summary>Python's name of a value's type.</summary>
    public static string TypeName(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        long or BigInteger => "int",
        double => "float",
        string => "str",
        Markup => "Markup",
        List<object?> => "list",
        PythonTuple => "tuple",
        PythonDict => "dict",
        PythonRange => "range",
        DictView view => $"dict_{view.Kind}",
        OneShot => "generator",
        Undefined => "Undefined",
        Callable => "function",
        _ => value.GetType().Name,
    };

    /// <summary>Python's truth of a value.</summary>
    public static bool Truth(object? value) => value switch
    {
        null or Undefined => false,
        bool truth => truth,
        long number => number != 0,
        BigInteger => true,
        double number => number != 0,
        string text => text.Length > 0,
        Markup markup => markup.Text.Length > 0,
        List<object?> list => list.Count > 0,
        PythonTuple tuple => tuple.Items.Count > 0,
        PythonDict dict => dict.Count > 0,
        DictView view => view.Dict.Count > 0,
        PythonRange range => range.Count > 0,
        _ => true,
    };

    /// <summary>The text of a str or of markup; null for anything else.</summary>
    public static string? TextOf(object? value) => value switch { string text => text, Markup markup => markup.Text, _ => null };

    /// <summary>The number of an int or a bool, where it fits; null for anything else.</summary>
    public static long? IntegerOf(object? value) => value switch { long number => number, bool truth => truth ? 1 : 0, _ => null };

    /// <summary>The number that an argument must be.</summary>
    public static long RequireInteger(object? value, string what) => value switch
    {
        Undefined undefined => throw undefined.Fault,
        BigInteger => throw new TemplateFault($"{what}: the number is too large"),
        _ => IntegerOf(value) ?? throw new TemplateFault($"{what} must be an int, not {TypeName(value)}"),
    };

    /// <summary>The text that an argument must be.</summary>
    public static string RequireText(object? value, string what) => value is Undefined undefined ? throw undefined.Fault
        : TextOf(value) ?? throw new TemplateFault($"{what} must be a str, not {TypeName(value)}");
}
