using Espalier.Evaluation.FunctionCalls.Decoding.Python;
using Espalier.Evaluation.FunctionCalls.Values;

namespace Espalier.Evaluation.FunctionCalls.Decoding;

/// <summary>
/// Calls in Python's syntax, as BFCL v4 reads them (bfcl_eval/model_handler/utils.py, ast_parse): one call, or several in a list, a tuple
/// or a set. Arguments without a name are not looked at.
/// </summary>
internal static class PythonCalls
{
    /// <summary>What <c>...</c> is until it is an argument, where it is the text of three points.</summary>
    public static PyOther Ellipsis { get; } = new("ellipsis", "...");

    /// <summary>Reads the calls of a text.</summary>
    /// <exception cref="NoCallException">It is not made of calls.</exception>
    public static List<FunctionCall> Read(string text) => PythonParser.Parse(PythonTextOf(text)) switch
    {
        CallNode call => [Call(call)],
        SequenceNode { Items: var items } => [.. items.Select(item => item is CallNode call ? Call(call)
            : throw new NoCallException("an entry of the list is not a call"))],
        _ => throw new NoCallException("is neither a call nor a list of calls"),
    };

    /// <summary>Reads a text that is one value, such as a dict.</summary>
    /// <exception cref="NoCallException">It is none.</exception>
    public static PyValue ReadValue(string text) => Value(PythonParser.Parse(PythonTextOf(text)));

    private static string PythonTextOf(string text) => Tasks.Templates.PythonText.Strip(text).Trim('\'');

    private static FunctionCall Call(CallNode call)
    {
        var names = new List<string>();
        var function = call.Function;
        for (; function is AttributeNode attribute; function = attribute.Value)
            names.Add(attribute.Name);
        if (function is NameNode { Id: var id })
            names.Add(id);
        names.Reverse();
        var arguments = new PyDict();
        foreach (var (name, value) in call.Keywords)
            arguments.Set(name is null ? PyNone.Instance : new PyText(name), Value(value));
        return new(string.Join('.', names), arguments);
    }

    private static PyValue Value(PythonNode node)
    {
        switch (node)
        {
            case ConstantNode constant:
                return constant.Value == Ellipsis ? new PyText("...") : constant.Value;
            case UnaryNode { Operand: ConstantNode { Value: PyNumber number } }:
                // Whatever the sign is, the reference negates.
                return number is PyFloat real ? new PyFloat(-real.Value) : new PyInt(-number.Whole);
            case SequenceNode { Bracket: '[' } list:
                return new PyList([.. list.Items.Select(Value)]);
            case SequenceNode { Bracket: '(' } tuple:
                return new PyTuple([.. tuple.Items.Select(Value)]);
            case DictNode dictNode:
                return Dict(dictNode.Entries);
            case BinaryNode binary:
                return PythonArithmetic.Evaluate(binary);
            case NameNode { Id: var id }:
                return new PyText(id);
            case CallNode { Keywords.Count: 0 }:
                return new PyText(PythonSource.Of(node));
            case CallNode call:
                var inner = Call(call);
                var dict = new PyDict();
                dict.Set(inner.Name, inner.Arguments);
                return dict;
            case SubscriptNode part:
                return new PyText($"{PythonSource.Of(part.Value)}[{PythonSource.Of(part.Index)}]");
            default:
                throw new NoCallException("an argument is an expression, not a value");
        }
    }

    private static PyDict Dict(List<(PythonNode? Key, PythonNode Value)> entries)
    {
        var dict = new PyDict();
        foreach (var (keyNode, value) in entries)
        {
            var key = keyNode is null ? throw new NoCallException("a dict unpacks another") : Value(keyNode);
            dict.Set(PyDict.IsHashable(key) ? key : throw new NoCallException("a dict's key is a list or a dict"), Value(value));
        }
        return dict;
    }
}
