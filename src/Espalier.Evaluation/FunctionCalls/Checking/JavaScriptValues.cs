using System.Text.RegularExpressions;
using Espalier.Evaluation.FunctionCalls.Values;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.FunctionCalls.Checking;

/// <summary>
/// Values of JavaScript source (bfcl_eval/eval_checker/ast_eval/type_convertor/js_type_converter.py). What does not have its type's form
/// stays a text; lists and objects are split at their commas, in texts too, as the reference does.
/// </summary>
internal static partial class JavaScriptValues
{
    private const int MaxDepth = 64;

    /// <summary>The value of a text of a type.</summary>
    public static PyValue Convert(string text, string type, string? itemType = null)
    {
        try
        {
            return Convert(text, type, itemType, 0);
        }
        catch (RegexMatchTimeoutException)
        {
            return new PyText(text);
        }
    }

    private static PyValue Convert(string text, string type, string? itemType, int depth) => type switch
    {
        "String" => new PyText(CodeValues.IsQuoted(text, '"') || CodeValues.IsQuoted(text, '\'') ? CodeValues.Inside(text) : text),
        "integer" => CodeValues.Whole(text),
        "float" => CodeValues.Float(text, FloatForm()),
        "Bigint" => BigintForm().IsMatch(text) && PyNumbers.Int(PythonText.StripEnd(text)[..^1]) is { } value
            ? new PyInt(value) : new PyText(text),
        "Boolean" => CodeValues.Boolean(text),
        "array" => Array(text, itemType, depth + 1),
        "dict" => Object(text, depth + 1),
        _ => new PyText(text),
    };

    private static PyValue Array(string text, string? itemType, int depth)
    {
        var code = PythonText.Strip(text);
        if (depth > MaxDepth)
            return new PyText(code);
        if (TableForm().Match(code) is { Success: true } table)
            return new PyList([.. Brackets().Matches(table.Value).Select((row, i) =>
            {
                var inner = PythonText.Strip(row.Groups[1].Value);
                return new PyList([.. CodeValues.Pieces(i == 0 && inner.StartsWith('[') ? inner[1..] : inner).Select(Any)]);
            })]);
        if (ArrayForm().Match(code) is not { Success: true } match)
            return new PyText(code);
        var elements = PythonText.Strip(match.Groups[match.Groups[1].Success ? 1 : 2].Value);
        return new PyList(elements.Length == 0 ? [] :
        [
            .. CodeValues.Pieces(elements).Select(piece => itemType is null ? Any(piece)
                : Convert(piece, itemType, piece.StartsWith('\'') || piece.StartsWith('"') ? "String" : null, depth))
        ]);
    }

    private static PyValue Object(string text, int depth)
    {
        var code = PythonText.Strip(text);
        if (code == "{}")
            return new PyDict();
        if (depth > MaxDepth || ObjectForm().Match(code) is not { Success: true } match)
            return new PyText(code);
        var entries = new PyDict();
        foreach (Match pair in Pair().Matches(match.Groups[1].Value))
        {
            var value = PythonText.Strip(pair.Groups[2].Value);
            entries.Set(PythonText.Strip(pair.Groups[1].Value).Trim('\'', '"'),
                value.StartsWith('[') && value.EndsWith(']') ? Array(value, null, depth + 1)
                : value.StartsWith('{') && value.EndsWith('}') ? Object(value, depth + 1) : Any(value.Trim('\'', '"')));
        }
        return entries;
    }

    // A value whose type is not given.
    private static PyValue Any(string text)
    {
        text = PythonText.Strip(text);
        return text is "true" or "false" ? new PyBool(text == "true")
            : CodeValues.IsQuoted(text, '"') || CodeValues.IsQuoted(text, '\'') ? new PyText(CodeValues.Inside(text))
            : CodeValues.Number(text);
    }

    [GeneratedRegex(@"^-?\d+(\.\d+)?$", RegexOptions.None, CodeValues.PatternMilliseconds)]
    private static partial Regex FloatForm();

    [GeneratedRegex(@"^-?\d+n$", RegexOptions.None, CodeValues.PatternMilliseconds)]
    private static partial Regex BigintForm();

    [GeneratedRegex(@"\A(?:\[\s*\[.*?\]\s*(,\s*\[.*?\]\s*)*\]|\bnew\s+Array\(\s*\[.*?\]\s*(,\s*\[.*?\]\s*)*\))", RegexOptions.None,
        CodeValues.PatternMilliseconds)]
    private static partial Regex TableForm();

    [GeneratedRegex(@"\[(.*?)\]", RegexOptions.None, CodeValues.PatternMilliseconds)]
    private static partial Regex Brackets();

    [GeneratedRegex(@"\A(?:\[(.*?)\]|\bnew\s+Array\((.*?)\))", RegexOptions.None, CodeValues.PatternMilliseconds)]
    private static partial Regex ArrayForm();

    [GeneratedRegex(@"\A\{(.*?)\}", RegexOptions.None, CodeValues.PatternMilliseconds)]
    private static partial Regex ObjectForm();

    [GeneratedRegex(@"([^:]+):\s*(.*?)(?:,\s*(?=[^,]+:)|$)", RegexOptions.None, CodeValues.PatternMilliseconds)]
    private static partial Regex Pair();
}
