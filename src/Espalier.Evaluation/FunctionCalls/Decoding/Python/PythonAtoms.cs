using Espalier.Evaluation.FunctionCalls.Values;

namespace Espalier.Evaluation.FunctionCalls.Decoding.Python;

// Primaries, atoms and what stands in brackets (The Python Language Reference, sections 6.2 and 6.3).
internal sealed partial class PythonParser
{
    private PythonNode Primary()
    {
        var node = Atom();
        while (_current.Kind == PythonTokenKind.Operator)
        {
            if (Take("."))
                node = new AttributeNode(node, Identifier());
            else if (_current.Text == "(")
                node = Call(node);
            else if (Take("["))
            {
                var items = Items("]", out var hasComma, isIndex: true);
                if (items.Count == 0)
                    throw Unexpected();
                Expect("]");
                node = new SubscriptNode(node, items.Count > 1 || hasComma ? new SequenceNode('(', items) : items[0]);
            }
            else
                break;
        }
        return node;
    }

    private CallNode Call(PythonNode function)
    {
        Expect("(");
        var (positional, keywords, isUnpacked) = (new List<PythonNode>(), new List<(string?, PythonNode)>(), false);
        while (_current.Text != ")" || _current.Kind != PythonTokenKind.Operator)
        {
            var start = _current.Start;
            if (Take("**"))
            {
                keywords.Add((null, Expression()));
                isUnpacked = true;
            }
            else if (_current.Kind == PythonTokenKind.Name && _following is { Kind: PythonTokenKind.Operator, Text: "=" })
            {
                var name = Identifier();
                Advance();
                keywords.Add((name, Expression()));
            }
            else if (Take("*"))
            {
                Expression();
                positional.Add(isUnpacked ? throw Unexpected() : Other(start));
            }
            else
            {
                var value = Named();
                if (IsComprehension)
                {
                    Clauses();
                    value = positional.Count + keywords.Count == 0 && _current.Text == ")" ? Other(start) : throw Unexpected();
                }
                positional.Add(keywords.Count == 0 ? value
                    : throw new NoCallException("a positional argument follows a keyword argument"));
            }
            if (!Take(","))
                break;
        }
        Expect(")");
        return new(function, positional, keywords);
    }

    private PythonNode Atom()
    {
        var token = _current;
        switch (token.Kind)
        {
            case PythonTokenKind.Constant or PythonTokenKind.FormattedText:
                return Constant();
            case PythonTokenKind.Name when token.Text is "True" or "False" or "None":
                Advance();
                return new ConstantNode(token.Text == "None" ? PyNone.Instance : new PyBool(token.Text == "True"));
            case PythonTokenKind.Name:
                return new NameNode(Identifier());
            case PythonTokenKind.Operator when token.Text == "...":
                Advance();
                return new ConstantNode(PythonCalls.Ellipsis);
            case PythonTokenKind.Operator when token.Text is "(" or "[":
                Advance();
                var close = token.Text == "(" ? ")" : "]";
                var items = Items(close, out var hasComma);
                var isComprehension = IsComprehension && items.Count == 1 && !hasComma;
                if (isComprehension)
                {
                    if (items[0] is OtherNode { Start: var first } && _source[first] == '*')
                        throw Unexpected();
                    Clauses();
                }
                Expect(close);
                return isComprehension ? Other(token.Start)
                    : close == ")" && items.Count == 1 && !hasComma ? items[0] : new SequenceNode(token.Text[0], items);
            case PythonTokenKind.Operator when token.Text == "{":
                return Braces();
            default:
                throw Unexpected();
        }
    }

    private PythonNode Constant()
    {
        var start = _current.Start;
        if (_current.Value is not (PyText or PyOther { TypeName: "bytes" } or null))
        {
            var number = _current.Value;
            Advance();
            return new ConstantNode(number);
        }
        // Texts that follow each other are one.
        var (pieces, kinds, isFormatted) = (new List<string>(), new HashSet<bool>(), false);
        while (_current.Kind == PythonTokenKind.FormattedText || _current is { Kind: PythonTokenKind.Constant, Value: PyText or PyOther })
        {
            isFormatted |= _current.Kind == PythonTokenKind.FormattedText;
            pieces.Add(_current.Value is PyText { Text: var text } ? text : _current.Value?.ToString() ?? "");
            kinds.Add(_current.Value is PyOther);
            Advance();
        }
        if (kinds.Count > 1)
            throw new NoCallException("a string follows bytes");
        return isFormatted ? Other(start) : new ConstantNode(kinds.Contains(true) ? new PyOther("bytes", string.Join(' ', pieces))
            : new PyText(pieces.Count == 1 ? pieces[0] : string.Concat(pieces)));
    }

    private PythonNode Braces()
    {
        var start = _current.Start;
        Expect("{");
        var (entries, items, hasClauses) = (new List<(PythonNode?, PythonNode)>(), new List<PythonNode>(), false);
        while (_current.Text != "}" || _current.Kind != PythonTokenKind.Operator)
        {
            if (Take("**"))
                entries.Add((null, Binary(1)));
            else
            {
                var key = Take("*") ? Other(_current.Start, Binary(1)) : Named();
                if (Take(":"))
                    entries.Add((key, Expression()));
                else
                    items.Add(key);
            }
            if (IsComprehension)
            {
                Clauses();
                hasClauses = true;
                break;
            }
            if (!Take(","))
                break;
        }
        Expect("}");
        if (entries.Count > 0 && items.Count > 0)
            throw new NoCallException("braces mix entries with and without keys");
        return hasClauses ? Other(start) : items.Count > 0 ? new SequenceNode('{', items) : new DictNode(entries);
    }

    // Items with commas up to a closing bracket, or to the end of the line where that is "".
    private List<PythonNode> Items(string close, out bool hasComma, bool isIndex = false)
    {
        var items = new List<PythonNode>();
        hasComma = false;
        while (_current.Kind is not (PythonTokenKind.End or PythonTokenKind.NewLine)
            && (close.Length == 0 || _current.Kind != PythonTokenKind.Operator || _current.Text != close))
        {
            var start = _current.Start;
            if (Take("*"))
                items.Add(Other(start, Binary(1)));
            else if (isIndex)
                items.Add(Slice(start));
            else
                items.Add(Named());
            if (!Take(","))
                break;
            hasComma = true;
        }
        return items;
    }

    private PythonNode Slice(int start)
    {
        var node = _current.Text == ":" ? null : Named();
        var colons = 0;
        while (Take(":"))
        {
            if (++colons > 2)
                throw Unexpected();
            if (_current.Kind != PythonTokenKind.Operator || _current.Text is not ("]" or "," or ":"))
                Expression();
        }
        return colons > 0 ? Other(start) : node!;
    }

    private bool IsComprehension => IsName("for") || (IsName("async") && _following.Text == "for");

    private void Clauses()
    {
        while (IsComprehension)
        {
            TakeName("async");
            ExpectName("for");
            do
            {
                _ = Take("*");
                if (Primary() is ConstantNode or CallNode or DictNode or OtherNode)
                    throw Unexpected();
            }
            while (Take(",") && !IsName("in"));
            ExpectName("in");
            Or();
            while (TakeName("if"))
                Or();
        }
    }
}
