namespace Espalier.Evaluation.FunctionCalls.Questions;

/// <summary>A type of a parameter: the Python types that its values have in the end (bfcl_eval/constants/type_mappings.py).</summary>
/// <param name="Value">The type of a value, by <c>type(value).__name__</c>.</param>
/// <param name="Item">The type of what is in a list; null where it is not looked at.</param>
internal sealed record ParameterType(string Value, string? Item)
{
    private static readonly Dictionary<CallLanguage, Dictionary<string, string>> s_types = new()
    {
        [CallLanguage.Python] = new()
        {
            ["string"] = "str",
            ["integer"] = "int",
            ["float"] = "float",
            ["boolean"] = "bool",
            ["array"] = "list",
            ["tuple"] = "list",
            ["dict"] = "dict",
            ["any"] = "str",
        },
        [CallLanguage.Java] = new()
        {
            ["byte"] = "int",
            ["short"] = "int",
            ["integer"] = "int",
            ["long"] = "int",
            ["float"] = "float",
            ["double"] = "float",
            ["boolean"] = "bool",
            ["char"] = "str",
            ["String"] = "str",
            ["any"] = "str",
            ["Array"] = "list",
            ["ArrayList"] = "list",
            ["HashMap"] = "dict",
        },
        [CallLanguage.JavaScript] = new()
        {
            ["String"] = "str",
            ["integer"] = "int",
            ["float"] = "float",
            ["Bigint"] = "int",
            ["Boolean"] = "bool",
            ["dict"] = "dict",
            ["array"] = "list",
            ["any"] = "str",
        },
    };

    /// <summary>The types of a language.</summary>
    public static IEnumerable<string> Names(CallLanguage language) => s_types[language].Keys;

    /// <summary>A parameter's type; null where it is none of the language's, or a list's items have none.</summary>
    public static ParameterType? Find(ParameterDescription parameter, CallLanguage language)
    {
        var types = s_types[language];
        if (!types.TryGetValue(parameter.Type, out var value))
            return null;
        if (value != "list")
            return new(value, null);
        return parameter.ItemType is { } item && types.TryGetValue(item, out var converted) ? new(value, converted) : null;
    }
}
