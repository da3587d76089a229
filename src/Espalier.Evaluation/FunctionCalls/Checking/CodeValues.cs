using System.Text.RegularExpressions;
using Espalier.Evaluation.FunctionCalls.Values;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.FunctionCalls.Checking;

/// <summary>What the converters of Java and JavaScript share.</summary>
internal static partial class CodeValues
{
    /// <summary>Longest time of a pattern, in milliseconds, after which a text stays what it is.</summary>
    public const int PatternMilliseconds = 2000;

    /// <summary>A whole number, or the text where it is none.</summary>
    public static PyValue Whole(string text) =>
        Digits().IsMatch(text) && PyNumbers.Int(text) is { } value ? new PyInt(value) : new PyText(text);

    /// <summary>What Python's <c>int()</c>, or else <c>float()</c>, makes of a text; the text where both fail.</summary>
    public static PyValue Number(string text) => PyNumbers.Int(text) is { } whole ? new PyInt(whole)
        : PyNumbers.Float(text) is { } real ? new PyFloat(real) : new PyText(text);

    /// <summary>A float, or the text where it is none or does not match.</summary>
    public static PyValue Float(string text, Regex pattern, string suffix = "") =>
        pattern.IsMatch(text) && PyNumbers.Float(PythonText.StripEnd(text).TrimEnd([.. suffix])) is { } value ? new PyFloat(value)
            : new PyText(text);

    /// <summary><c>true</c> or <c>false</c>, or the text where it is neither.</summary>
    public static PyValue Boolean(string text) => text is "true" or "false" ? new PyBool(text == "true") : new PyText(text);

    /// <summary>Without its first and last character: Python's <c>text[1:-1]</c>.</summary>
    public static string Inside(string text) => text.Length >= 2 ? text[1..^1] : "";

    /// <summary>Whether a text starts and ends with a quote.</summary>
    public static bool IsQuoted(string text, char quote) => text.StartsWith(quote) && text.EndsWith(quote);

    /// <summary>Pieces between commas, without white space around them.</summary>
    public static IEnumerable<string> Pieces(string text) => text.Split(',').Select(PythonText.Strip);

    [GeneratedRegex(@"^-?\d+$", RegexOptions.None, PatternMilliseconds)]
    private static partial Regex Digits();
}
