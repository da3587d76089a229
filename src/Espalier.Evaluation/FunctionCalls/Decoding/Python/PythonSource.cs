using System.Text;
using Espalier.Evaluation.FunctionCalls.Values;

namespace Espalier.Evaluation.FunctionCalls.Decoding.Python;

/// <summary>A node as Python source in its usual form, as <c>ast.unparse</c> writes it: single quotes, a blank after a comma.</summary>
internal static class PythonSource
{
    private const int Unary = 7;
    private const int Power = 8;
    private const int Atom = 9;

    /// <summary>The source of a node.</summary>
    public static string Of(PythonNode node)
    {
        var text = new StringBuilder();
        Write(node, 0, text);
        return text.ToString();
    }

    private static void Write(PythonNode node, int least, StringBuilder text)
    {
        var precedence = node switch
        {
            BinaryNode { Operator: "**" } => Power,
            BinaryNode { Operator: var sign } => PythonParser.Precedence(sign),
            UnaryNode { Operator: "not " } => 0,
            UnaryNode => Unary,
            _ => Atom,
        };
        var isInBrackets = precedence < least;
        text.Append(isInBrackets ? "(" : "");
        switch (node)
        {
            case ConstantNode { Value: PyFloat { Value: double.PositiveInfinity } }:
                text.Append("1e309");
                break;
            case ConstantNode constant:
                constant.Value.Write(text);
                break;
            case NameNode { Id: var id }:
                text.Append(id);
                break;
            case AttributeNode attribute:
                Write(attribute.Value, Atom, text);
                text.Append(attribute.Value is ConstantNode { Value: PyInt } ? " ." : ".").Append(attribute.Name);
                break;
            case CallNode call:
                Write(call.Function, Atom, text);
                text.Append('(');
                List(call.Positional, text);
                foreach (var keyword in call.Keywords)
                {
                    text.Append(text[^1] == '(' ? "" : ", ").Append(keyword.Name is null ? "**" : keyword.Name + "=");
                    Write(keyword.Value, 0, text);
                }
                text.Append(')');
                break;
            case SubscriptNode { Index: var index } part:
                Write(part.Value, Atom, text);
                text.Append('[');
                if (index is SequenceNode { Bracket: '(', Items.Count: > 1 } places)
                    List(places.Items, text);
                else
                    Write(index, 0, text);
                text.Append(']');
                break;
            case SequenceNode { Bracket: var bracket, Items: var items }:
                text.Append(bracket);
                List(items, text);
                text.Append(bracket switch { '(' => items.Count == 1 ? ",)" : ")", '[' => "]", _ => "}" });
                break;
            case DictNode { Entries: var entries }:
                text.Append('{');
                PyTexts.WriteList(entries, text, entry =>
                {
                    if (entry.Key is { } key)
                        Write(key, 0, text);
                    text.Append(entry.Key is null ? "**" : ": ");
                    Write(entry.Value, 0, text);
                });
                text.Append('}');
                break;
            case UnaryNode { Operator: var sign, Operand: var operand }:
                text.Append(sign);
                Write(operand, precedence, text);
                break;
            case BinaryNode { Operator: var sign, Left: var left, Right: var right }:
                Write(left, sign == "**" ? Atom : precedence, text);
                text.Append(sign == "**" ? sign : $" {sign} ");
                Write(right, sign == "**" ? Unary : precedence + 1, text);
                break;
            default:
                text.Append(node);
                break;
        }
        text.Append(isInBrackets ? ")" : "");
    }

    private static void List(List<PythonNode> items, StringBuilder text) => PyTexts.WriteList(items, text, item => Write(item, 0, text));
}
