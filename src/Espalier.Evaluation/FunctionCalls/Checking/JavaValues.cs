using System.Text.RegularExpressions;
using Espalier.Evaluation.FunctionCalls.Values;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.FunctionCalls.Checking;

/// <summary>
/// Values of Java source (bfcl_eval/eval_checker/ast_eval/type_convertor/java_type_converter.py). What does not have its type's form
/// stays a text. Texts in an array keep their quotes, those in an ArrayList lose them: so does the reference.
/// </summary>
internal static partial class JavaValues
{
    /// <summary>The value of a text of a type.</summary>
    public static PyValue Convert(string text, string type, string? itemType = null)
    {
        try
        {
            return type switch
            {
                "byte" or "short" or "integer" => CodeValues.Whole(text),
                "long" => Long(text),
                "float" => CodeValues.Float(text, FloatForm(), "fF"),
                "double" => CodeValues.Float(text, DoubleForm()),
                "boolean" => CodeValues.Boolean(text),
                "Array" => Array(text, itemType),
                "ArrayList" => ArrayList(text, itemType),
                "HashMap" => HashMap(text),
                _ => new PyText(text),
            };
        }
        catch (RegexMatchTimeoutException)
        {
            return new PyText(text);
        }
    }

    private static PyValue Long(string text) =>
        LongForm().IsMatch(text) && PyNumbers.Int(PythonText.StripEnd(text)[..^1]) is { } value ? new PyInt(value) : new PyText(text);

    private static PyValue Array(string text, string? itemType) => ArrayForm().Match(text) is { Success: true } match
        ? new PyList([.. CodeValues.Pieces(match.Groups[1].Value).Where(piece => piece.Length > 0)
            .Select(piece => itemType is null ? Any(piece) : Convert(piece, itemType))])
        : new PyText(text);

    private static PyValue ArrayList(string text, string? itemType)
    {
        if (AsListForm().Match(text) is { Success: true } match)
            return new PyList([.. CodeValues.Pieces(match.Groups[1].Value).Select(Item)]);
        if (AddForm().Match(text) is { Success: true } adds)
            return new PyList([.. Add().Matches(adds.Groups[1].Value).Select(add => Item(PythonText.Strip(add.Groups[1].Value)))]);
        return EmptyListForm().IsMatch(text) ? new PyList([]) : new PyText(text);

        PyValue Item(string piece) => itemType is "char" or "String" ? new PyText(CodeValues.Inside(piece))
            : itemType is null ? Any(piece) : Convert(piece, itemType);
    }

    private static PyValue HashMap(string text)
    {
        if (MapForm().Match(text) is { Success: true } match)
        {
            var map = new PyDict();
            foreach (Match put in Put().Matches(match.Groups[1].Value))
                map.Set(put.Groups[1].Value, Any(PythonText.Strip(put.Groups[2].Value)));
            return map;
        }
        return EmptyMapForm().IsMatch(text) ? new PyDict() : new PyText(text);
    }

    // A value whose type is not given.
    private static PyValue Any(string text) => text switch
    {
        "true" or "false" => new PyBool(text == "true"),
        _ when CodeValues.IsQuoted(text, '"') => new PyText(CodeValues.Inside(text)),
        _ when LongForm().IsMatch(text) => Long(text),
        _ when FloatForm().IsMatch(text) => CodeValues.Float(text, FloatForm(), "fF"),
        _ => CodeValues.Number(text),
    };

    [GeneratedRegex(@"^-?\d+[lL]$", RegexOptions.None, CodeValues.PatternMilliseconds)]
    private static partial Regex LongForm();

    [GeneratedRegex(@"^-?\d+(\.\d+)?([eE][+-]?\d+)?[fF]$", RegexOptions.None, CodeValues.PatternMilliseconds)]
    private static partial Regex FloatForm();

    [GeneratedRegex(@"^-?\d+(\.\d+)?([eE][+-]?\d+)?$", RegexOptions.None, CodeValues.PatternMilliseconds)]
    private static partial Regex DoubleForm();

    [GeneratedRegex(@"new\s+\w+\[\]\s*\{(.*?)\}", RegexOptions.None, CodeValues.PatternMilliseconds)]
    private static partial Regex ArrayForm();

    [GeneratedRegex(@"new\s+ArrayList<\w*>\(Arrays\.asList\((.+?)\)\)", RegexOptions.None, CodeValues.PatternMilliseconds)]
    private static partial Regex AsListForm();

    [GeneratedRegex(@"new\s+ArrayList<\w*>\(\)\s*\{\{\s*(.+?)\s*\}\}", RegexOptions.Singleline, CodeValues.PatternMilliseconds)]
    private static partial Regex AddForm();

    [GeneratedRegex(@"add\((.+?)\)", RegexOptions.None, CodeValues.PatternMilliseconds)]
    private static partial Regex Add();

    [GeneratedRegex(@"new\s+ArrayList<\w*>\(\)", RegexOptions.None, CodeValues.PatternMilliseconds)]
    private static partial Regex EmptyListForm();

    [GeneratedRegex(@"new\s+HashMap<.*?>\s*\(\)\s*\{\s*\{?\s*(.*?)\s*\}?\s*\}", RegexOptions.Singleline, CodeValues.PatternMilliseconds)]
    private static partial Regex MapForm();

    [GeneratedRegex("put\\(\"(.*?)\",\\s*(.*?)\\)", RegexOptions.None, CodeValues.PatternMilliseconds)]
    private static partial Regex Put();

    [GeneratedRegex(@"new\s+HashMap<.*?>\s*\(\)", RegexOptions.None, CodeValues.PatternMilliseconds)]
    private static partial Regex EmptyMapForm();
}
