using Espalier.Evaluation.FunctionCalls.Values;

namespace Espalier.Evaluation.FunctionCalls.Decoding.Python;

/// <summary>A node of Python's syntax tree: those that calls are made of.</summary>
/// <param name="Depth">Nodes from here down, at most <see cref="NoCallException.MaxDepth"/>.</param>
internal abstract record PythonNode(int Depth)
{
    /// <summary>The depth above some nodes.</summary>
    /// <exception cref="NoCallException">It is too deep.</exception>
    public static int Above(params IEnumerable<PythonNode?> nodes)
    {
        var depth = 1;
        foreach (var node in nodes)
            depth = Math.Max(depth, (node?.Depth ?? 0) + 1);
        return depth <= NoCallException.MaxDepth ? depth : throw NoCallException.TooDeep();
    }
}

/// <summary>A number, a text, <c>True</c>, <c>False</c>, <c>None</c>, or <c>...</c>.</summary>
internal sealed record ConstantNode(PyValue Value) : PythonNode(1);

/// <summary>A name.</summary>
internal sealed record NameNode(string Id) : PythonNode(1);

/// <summary><c>value.name</c>.</summary>
internal sealed record AttributeNode(PythonNode Value, string Name) : PythonNode(Above(Value));

/// <summary>A call; a keyword without a name is <c>**value</c>.</summary>
internal sealed record CallNode(PythonNode Function, List<PythonNode> Positional, List<(string? Name, PythonNode Value)> Keywords)
    : PythonNode(Above([Function, .. Positional, .. Keywords.Select(keyword => keyword.Value)]));

/// <summary><c>value[index]</c>.</summary>
internal sealed record SubscriptNode(PythonNode Value, PythonNode Index) : PythonNode(Above(Value, Index));

/// <summary>A list, a tuple or a set, by its opening bracket.</summary>
internal sealed record SequenceNode(char Bracket, List<PythonNode> Items) : PythonNode(Above(Items));

/// <summary>A dict; an entry without a key is <c>**value</c>.</summary>
internal sealed record DictNode(List<(PythonNode? Key, PythonNode Value)> Entries)
    : PythonNode(Above(Entries.SelectMany(entry => new[] { entry.Key, entry.Value })));

/// <summary><c>-</c>, <c>+</c>, <c>~</c> or <c>not</c>.</summary>
internal sealed record UnaryNode(string Operator, PythonNode Operand) : PythonNode(Above(Operand));

/// <summary>Two operands with an arithmetic operator.</summary>
internal sealed record BinaryNode(string Operator, PythonNode Left, PythonNode Right) : PythonNode(Above(Left, Right));

/// <summary>Valid Python that no argument may be: comparisons, f-strings, comprehensions; a part of the source.</summary>
internal sealed record OtherNode(string Source, int Start, int End) : PythonNode(1)
{
    public override string ToString() => Source[Start..End];
}
