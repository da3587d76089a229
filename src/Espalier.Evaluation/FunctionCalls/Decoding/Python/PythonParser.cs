namespace Espalier.Evaluation.FunctionCalls.Decoding.Python;

/// <summary>
/// Reads one Python expression, as <c>ast.parse(text, mode="eval")</c> does (The Python Language Reference, section 6). Recursion is
/// bounded, and nothing is read twice.
/// </summary>
internal sealed partial class PythonParser
{
    private static readonly HashSet<string> s_keywords =
    [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else",
        "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise",
        "return", "try", "while", "with", "yield",
    ];

    private static readonly Dictionary<string, int> s_precedence = new()
    {
        ["|"] = 1,
        ["^"] = 2,
        ["&"] = 3,
        ["<<"] = 4,
        [">>"] = 4,
        ["+"] = 5,
        ["-"] = 5,
        ["*"] = 6,
        ["/"] = 6,
        ["//"] = 6,
        ["%"] = 6,
        ["@"] = 6,
    };

    private readonly string _source;
    private readonly PythonTokens _tokens;
    private PythonToken _current;
    private PythonToken _following;
    private int _end;
    private int _depth;

    private PythonParser(string source)
    {
        (_source, _tokens) = (source, new(source));
        _current = _tokens.Next();
        _following = _tokens.Next();
    }

    /// <summary>Reads a text that is one expression and nothing else.</summary>
    /// <exception cref="NoCallException">It is none.</exception>
    public static PythonNode Parse(string source)
    {
        if (source.Contains('\0', StringComparison.Ordinal))
            throw new NoCallException("has a null character");
        var parser = new PythonParser(source);
        var items = parser.Items("", out var hasComma);
        while (parser._current.Kind == PythonTokenKind.NewLine)
            parser.Advance();
        if (parser._current.Kind != PythonTokenKind.End || items.Count == 0)
            throw parser.Unexpected();
        return items.Count > 1 || hasComma ? new SequenceNode('(', items) : items[0];
    }

    /// <summary>How tightly an operator binds; <c>**</c> is none of them.</summary>
    public static int Precedence(string sign) => s_precedence[sign];

    private PythonNode Expression()
    {
        if (++_depth > NoCallException.MaxDepth)
            throw NoCallException.TooDeep();
        var start = _current.Start;
        PythonNode node;
        if (IsName("lambda"))
            node = Lambda();
        else
        {
            node = Or();
            if (TakeName("if"))
            {
                Or();
                ExpectName("else");
                Expression();
                node = Other(start);
            }
        }
        _depth--;
        return node;
    }

    // An expression, or a name := one.
    private PythonNode Named()
    {
        var start = _current.Start;
        if (_current.Kind != PythonTokenKind.Name || s_keywords.Contains(_current.Text) || _following.Text != ":=")
            return Expression();
        Advance();
        Advance();
        Expression();
        return Other(start);
    }

    private OtherNode Lambda()
    {
        var start = _current.Start;
        Advance();
        while (!Take(":"))
        {
            _ = Take("*") || Take("**") || Take("/");
            if (_current.Kind == PythonTokenKind.Name)
                Identifier();
            if (Take("="))
                Expression();
            if (!Take(",") && _current.Text != ":")
                throw Unexpected();
        }
        Expression();
        return Other(start);
    }

    private PythonNode Or() => Chain(And, () => TakeName("or"));

    private PythonNode And() => Chain(Not, () => TakeName("and"));

    private PythonNode Not()
    {
        var nots = 0;
        while (TakeName("not"))
            nots++;
        var node = Comparison();
        for (; nots > 0; nots--)
            node = new UnaryNode("not ", node);
        return node;
    }

    private PythonNode Comparison() => Chain(() => Binary(1), TakeComparison);

    // One operand, or several with signs between them that no argument may have.
    private PythonNode Chain(Func<PythonNode> operand, Func<bool> takesSign)
    {
        var start = _current.Start;
        var node = operand();
        if (!takesSign())
            return node;
        do
            operand();
        while (takesSign());
        return Other(start);
    }

    private bool TakeComparison()
    {
        if (IsName("not") && _following is { Kind: PythonTokenKind.Name, Text: "in" })
            Advance();
        else if (IsName("is") && _following is { Kind: PythonTokenKind.Name, Text: "not" })
            Advance();
        else if (!IsName("in") && !IsName("is")
            && !(_current.Kind == PythonTokenKind.Operator && _current.Text is "<" or ">" or "==" or ">=" or "<=" or "!="))
            return false;
        Advance();
        return true;
    }

    private PythonNode Binary(int least)
    {
        var node = Unary();
        while (_current.Kind == PythonTokenKind.Operator && s_precedence.TryGetValue(_current.Text, out var precedence)
            && precedence >= least)
        {
            var sign = _current.Text;
            Advance();
            node = new BinaryNode(sign, node, Binary(precedence + 1));
        }
        return node;
    }

    private PythonNode Unary()
    {
        var signs = new Stack<string>();
        while (_current.Kind == PythonTokenKind.Operator && _current.Text is "-" or "+" or "~")
        {
            signs.Push(_current.Text);
            Advance();
        }
        var node = Power();
        foreach (var sign in signs)
            node = new UnaryNode(sign, node);
        return node;
    }

    private PythonNode Power()
    {
        var start = _current.Start;
        var isAwait = TakeName("await");
        var node = Primary();
        if (isAwait)
            node = Other(start);
        if (!Take("**"))
            return node;
        if (++_depth > NoCallException.MaxDepth)
            throw NoCallException.TooDeep();
        node = new BinaryNode("**", node, Unary());
        _depth--;
        return node;
    }

    private string Identifier()
    {
        var name = _current.Text;
        if (_current.Kind != PythonTokenKind.Name || s_keywords.Contains(name))
            throw Unexpected();
        Advance();
        return name;
    }

    // The source since a place; the node that was read for it is done.
    private OtherNode Other(int start, PythonNode? _ = null) => new(_source, start, _end);

    private bool IsName(string name) => _current.Kind == PythonTokenKind.Name && _current.Text == name;

    private bool TakeName(string name) => IsName(name) && Advance();

    private void ExpectName(string name) => _ = TakeName(name) ? true : throw Unexpected();

    private bool Take(string sign) => _current.Kind == PythonTokenKind.Operator && _current.Text == sign && Advance();

    private void Expect(string sign) => _ = Take(sign) ? true : throw Unexpected();

    private bool Advance()
    {
        _end = _current.End;
        _current = _following;
        if (_following.Kind != PythonTokenKind.End)
            _following = _tokens.Next();
        return true;
    }

    private NoCallException Unexpected() => new(_current.Kind == PythonTokenKind.End ? "ends too early"
        : $"character {_current.Start + 1} is not valid Python");
}
