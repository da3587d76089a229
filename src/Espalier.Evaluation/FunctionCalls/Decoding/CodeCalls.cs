using Espalier.Evaluation.FunctionCalls.Decoding.Code;
using Espalier.Evaluation.FunctionCalls.Values;

namespace Espalier.Evaluation.FunctionCalls.Decoding;

/// <summary>
/// The call of a Java or JavaScript source, as BFCL v4 reads it (bfcl_eval/model_handler/parser/java_parser.py, js_parser.py): the first
/// one, with all values as texts. Quotes around a text are taken off and its escapes are kept.
/// </summary>
internal static class CodeCalls
{
    /// <summary>Reads the call of a source.</summary>
    /// <param name="source">The source, without the brackets of a list.</param>
    /// <param name="isJavaScript">Whether it is JavaScript, and not Java.</param>
    /// <param name="keepsBodies">Whether bodies of anonymous classes are part of a value.</param>
    /// <exception cref="NoCallException">It starts with no call.</exception>
    public static List<FunctionCall> Read(string source, bool isJavaScript, bool keepsBodies)
    {
        var call = CodeParser.Parse(source, isJavaScript, keepsBodies, out var parser);
        if (call is not { Kind: CodeNodeKind.Call, Target: { } target })
            throw new NoCallException("does not start with a call");
        var arguments = new PyDict();
        foreach (var argument in call.Arguments)
        {
            if (argument is { Kind: CodeNodeKind.Assignment, Target: { } name, Value: { } value })
                Add(new PyText(parser.Source(name)), isJavaScript ? JavaScriptValue(parser.Source(value)) : JavaValue(value, parser));
            else if (argument.Kind is CodeNodeKind.Name or CodeNodeKind.ClassLiteral || (isJavaScript && parser.Source(argument) == "true"))
                Add(PyNone.Instance, parser.Source(argument));
        }
        return [new(parser.Source(target), arguments)];

        void Add(PyValue name, string value)
        {
            if (arguments.Get(name) is not null)
                throw new NoCallException("has several arguments of the same name");
            arguments.Set(name, new PyText(value));
        }
    }

    private static string JavaValue(CodeNode value, CodeParser parser) =>
        value.Kind == CodeNodeKind.Text ? parser.Source(value)[1..^1] : parser.Text(value);

    private static string JavaScriptValue(string value) =>
        value.Length > 1 && value[0] is '"' or '\'' && value[^1] == value[0] ? value[1..^1] : value;
}
