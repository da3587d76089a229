namespace Espalier.Evaluation.FunctionCalls.Decoding.Code;

/// <summary>
/// Reads expressions of Java and JavaScript as far as calls need it: where each begins and ends, and of Java the text that BFCL's reader
/// puts together from the tokens (bfcl_eval/model_handler/parser/java_parser.py). Precedence is of no account there, so operators are
/// read in a row.
/// </summary>
internal sealed partial class CodeParser
{
    /// <summary>Longest source.</summary>
    public const int MaxLength = 1 << 20;

    private static readonly HashSet<string> s_javaKeywords =
    [
        "abstract", "assert", "boolean", "break", "byte", "case", "catch", "char", "class", "const", "continue", "default", "do", "double",
        "else", "enum", "extends", "final", "finally", "float", "for", "goto", "if", "implements", "import", "instanceof", "int",
        "interface", "long", "native", "new", "package", "private", "protected", "public", "return", "short", "static", "strictfp",
        "switch", "synchronized", "throw", "throws", "transient", "try", "void", "volatile", "while",
    ];

    private static readonly HashSet<string> s_javaScriptKeywords =
    [
        "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do", "else", "export", "extends",
        "finally", "for", "function", "if", "import", "in", "instanceof", "new", "return", "switch", "throw", "try", "typeof", "var",
        "void", "while", "with",
    ];

    private static readonly HashSet<string> s_binary =
    [
        "===", "!==", "==", "!=", "<=", ">=", "&&", "||", "??", "**", "<<", "+", "-", "*", "/", "%", "&", "|", "^", "<", ">",
    ];

    private static readonly HashSet<string> s_assignments =
        ["=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "**=", "<<=", "&&=", "||=", "??="];

    private readonly string _source;
    private readonly List<CodeToken> _tokens;
    private readonly bool _isJavaScript;
    private readonly bool _keepsBodies;
    private int _at;
    private int _depth;

    private CodeParser(string source, bool isJavaScript, bool keepsBodies)
    {
        if (source.Length > MaxLength)
            throw new NoCallException($"has more than {MaxLength} characters");
        (_source, _isJavaScript, _keepsBodies) = (source, isJavaScript, keepsBodies);
        _tokens = CodeTokens.Split(source, isJavaScript);
    }

    /// <summary>The first expression of a source of one statement or several.</summary>
    /// <param name="isJavaScript">Whether it is JavaScript, and not Java.</param>
    /// <param name="keepsBodies">Whether the body of an anonymous class is part of its text, which BFCL's reader leaves out.</param>
    /// <param name="parser">Knows the source of the nodes.</param>
    /// <exception cref="NoCallException">It is none.</exception>
    public static CodeNode Parse(string source, bool isJavaScript, bool keepsBodies, out CodeParser parser)
    {
        parser = new(source, isJavaScript, keepsBodies);
        CodeNode? first = null;
        while (parser.Kind != CodeTokenKind.End)
        {
            var node = parser.Expression();
            first ??= isJavaScript && parser.Is(",") ? new(CodeNodeKind.Other, 0, 0, null) : node;
            while (isJavaScript && parser.Take(","))
                parser.Expression();
            if (parser.Kind != CodeTokenKind.End && !parser.Take(";"))
                throw parser.Unexpected();
            while (parser.Take(";"))
            {
            }
        }
        return first ?? throw new NoCallException("is empty");
    }

    /// <summary>A node as it stands in the source.</summary>
    public string Source(CodeNode node) => _source[_tokens[node.First].Start.._tokens[node.Last].End];

    /// <summary>A node's text as BFCL's Java reader puts it together.</summary>
    public string Text(CodeNode node) => node.Text ?? Source(node);

    private CodeNode Expression()
    {
        if (++_depth > NoCallException.MaxDepth)
            throw NoCallException.TooDeep();
        var first = _at;
        var node = Arrow() ?? Operators();
        if (Take("?"))
        {
            var yes = Expression();
            Expect(":");
            node = Joined(first, node, "?", yes, ":", Expression());
        }
        else if (Kind == CodeTokenKind.Operator && s_assignments.Contains(Current))
        {
            var isTarget = node.Kind == CodeNodeKind.Name || (node.Kind == CodeNodeKind.Other && _source[_tokens[first].Start] != '"'
                && _tokens[first].Kind == CodeTokenKind.Name);
            var sign = isTarget ? Current : throw Unexpected();
            _at++;
            var value = Expression();
            node = Joined(first, node, sign, value) with
            {
                Kind = sign == "=" || !_isJavaScript ? CodeNodeKind.Assignment : CodeNodeKind.Other,
                Target = node,
                Value = value,
            };
        }
        _depth--;
        return node;
    }

    // A function without a name: x -> ..., (x, y) => ....
    private CodeNode? Arrow()
    {
        var first = _at;
        if (_isJavaScript && IsName("async"))
            _at++;
        var arrow = _isJavaScript ? "=>" : "->";
        var after = Kind == CodeTokenKind.Name ? _at + 1 : Is("(") ? _tokens[_at].Partner + 1 : 0;
        if (after <= 0 || !TextOf(after).Equals(arrow, StringComparison.Ordinal))
        {
            _at = first;
            return null;
        }
        _at = after + 1;
        if (Is("{"))
            _at = _tokens[_at].Partner + 1;
        else
            Expression();
        return new(CodeNodeKind.Other, first, _at - 1, Tokens(first, _at));
    }

    private CodeNode Operators()
    {
        var first = _at;
        var node = Unary();
        if (!IsBinary)
            return node;
        var parts = new List<object> { node };
        while (IsBinary)
        {
            parts.Add(Current);
            _at++;
            while (Is(">"))
            {
                parts.Add(">");
                _at++;
            }
            parts.Add(Unary());
        }
        return Joined(first, [.. parts]);
    }

    private bool IsBinary => (Kind == CodeTokenKind.Operator && s_binary.Contains(Current))
        || IsName("instanceof") || (_isJavaScript && IsName("in"));

    private CodeNode Unary()
    {
        var first = _at;
        var parts = new List<object>();
        while ((Kind == CodeTokenKind.Operator && Current is "+" or "-" or "!" or "~" or "++" or "--")
            || (_isJavaScript && Kind == CodeTokenKind.Name && Current is "typeof" or "void" or "delete" or "await"))
        {
            parts.Add(Current);
            _at++;
        }
        var node = Postfix();
        // Java's cast: a value after brackets.
        while (!_isJavaScript && _source[_tokens[node.First].Start] == '(' && (Kind is CodeTokenKind.Name or CodeTokenKind.Number
            or CodeTokenKind.Text) && !IsName("instanceof"))
        {
            parts.Add(node);
            node = Postfix();
        }
        return parts.Count == 0 ? node : Joined(first, [.. parts, node]);
    }

    // Texts of the parts one after the other, as BFCL's reader has it: white space between tokens is lost.
    private CodeNode Joined(int first, params object[] parts) => new(CodeNodeKind.Other, first, _at - 1,
        _isJavaScript ? null : string.Concat(parts.Select(part => part is CodeNode node ? Text(node) : (string)part)));

    private string Tokens(int first, int after) => string.Concat(
        Enumerable.Range(first, after - first).Select(at => _source[_tokens[at].Start.._tokens[at].End]));

    private CodeTokenKind Kind => _tokens[_at].Kind;

    private string Current => TextOf(_at);

    private string TextOf(int at) => _source[_tokens[at].Start.._tokens[at].End];

    private bool Is(string sign) => Kind == CodeTokenKind.Operator && Current == sign;

    private bool IsName(string name) => Kind == CodeTokenKind.Name && Current == name;

    private bool Take(string sign)
    {
        if (!Is(sign))
            return false;
        _at++;
        return true;
    }

    private void Expect(string sign) => _ = Take(sign) ? true : throw Unexpected();

    private NoCallException Unexpected() => new(Kind == CodeTokenKind.End ? "ends too early"
        : $"character {_tokens[_at].Start + 1} is not valid {(_isJavaScript ? "JavaScript" : "Java")}");
}
