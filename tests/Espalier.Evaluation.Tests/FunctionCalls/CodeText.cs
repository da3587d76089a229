using Espalier.Evaluation.FunctionCalls.Questions;
using Espalier.Evaluation.FunctionCalls.Values;

namespace Espalier.Evaluation.Tests.FunctionCalls;

/// <summary>Values as JSON, and as the Java or JavaScript source that the converters read.</summary>
internal static class CodeText
{
    /// <summary>A value as JSON.</summary>
    public static string Json(PyValue value) => value switch
    {
        PyText { Text: var text } => JsonSerializer.Serialize(text),
        PyBool { Value: var truth } => truth ? "true" : "false",
        PyNone => "null",
        PySequence { Items: var items } => $"[{string.Join(", ", items.Select(Json))}]",
        PyDict dict => $"{{{string.Join(", ", dict.Entries.Select(entry => $"{Json(entry.Key)}: {Json(entry.Value)}"))}}}",
        _ => value.ToString(),
    };

    /// <summary>A value as source; a text stands for itself.</summary>
    public static string Of(PyValue value, ParameterDescription parameter, CallLanguage language) =>
        (value, language, parameter.Type) switch
        {
            (PyText { Text: var text }, _, _) => text,
            (PyBool, _, _) => Json(value),
            (PyInt, _, "long") => value + "L",
            (PyList { Items: var items }, CallLanguage.Java, "Array") =>
                // Texts keep their quotes there, so that only bare ones are ever right.
                $"new String[]{{{string.Join(", ", items.Select(item => (item as PyText)?.Text ?? Item(item, parameter)))}}}",
            (PyList { Items: var items }, CallLanguage.Java, _) =>
                $"new ArrayList<>(Arrays.asList({string.Join(", ", items.Select(item => Item(item, parameter)))}))",
            (PyDict dict, CallLanguage.Java, _) => "new HashMap<String, Object>() {{ " + string.Concat(dict.Entries.Select(
                entry => $"put({Item(entry.Key, parameter)}, {Item(entry.Value, parameter)}); ")) + "}}",
            (PyList { Items: var items }, _, _) => $"[{string.Join(", ", items.Select(item => Item(item, parameter)))}]",
            (PyDict dict, _, _) => $"{{{string.Join(", ", dict.Entries.Select(
                entry => $"{Item(entry.Key, parameter)}: {Item(entry.Value, parameter)}"))}}}",
            _ => value.ToString(),
        };

    // An any of Java's is a text once it is converted: what is wanted as a number or a truth value has no quotes, and stays one.
    private static string Item(PyValue item, ParameterDescription parameter) => item switch
    {
        PyText { Text: var text } => parameter.ItemType == "any" ? text : $"\"{text}\"",
        PyInt whole when parameter.ItemType == "long" => whole.Whole.ToString(CultureInfo.InvariantCulture) + "L",
        PyList { Items: var items } => $"[{string.Join(", ", items.Select(inner => ((PyText)inner).Text))}]",
        _ => Json(item),
    };
}
