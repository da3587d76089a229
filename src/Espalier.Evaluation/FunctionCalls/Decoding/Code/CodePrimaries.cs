namespace Espalier.Evaluation.FunctionCalls.Decoding.Code;

// Primaries: names, literals, calls, what is created, and what stands in brackets.
internal sealed partial class CodeParser
{
    private CodeNode Postfix()
    {
        var first = _at;
        var node = Primary();
        for (var parts = 0; ; parts++)
        {
            if (parts > NoCallException.MaxDepth)
                throw new NoCallException($"has more than {NoCallException.MaxDepth} parts");
            if (Take(".") || Take("?."))
            {
                var name = Kind == CodeTokenKind.Name ? Current : throw Unexpected();
                _at++;
                node = !_isJavaScript && name == "class" ? new(CodeNodeKind.ClassLiteral, first, _at - 1, null)
                    : Joined(first, node, ".", name);
            }
            else if (Is("(") && node.Kind is not CodeNodeKind.Text and not CodeNodeKind.Creation
                && (_isJavaScript || _tokens[_at - 1].Kind == CodeTokenKind.Name))
            {
                var arguments = Arguments();
                node = new(CodeNodeKind.Call, first, _at - 1, null) { Target = node, Arguments = arguments };
            }
            else if (Take("["))
            {
                var index = !_isJavaScript && Is("]") ? null : Expression();
                Expect("]");
                node = index is null ? Joined(first, node, "[]") : Joined(first, node, "[", index, "]");
            }
            else if (!_isJavaScript && Take("::"))
            {
                var name = Kind == CodeTokenKind.Name ? Current : throw Unexpected();
                _at++;
                node = Joined(first, node, "::", name);
            }
            else if (Is("++") || Is("--"))
            {
                _at++;
                node = Joined(first, node, TextOf(_at - 1));
            }
            else if (_isJavaScript && Kind == CodeTokenKind.Text && Current[0] == '`')
            {
                _at++;
                node = Joined(first, node);
            }
            else
                return node;
        }
    }

    private List<CodeNode> Arguments()
    {
        Expect("(");
        var arguments = new List<CodeNode>();
        while (!Is(")"))
        {
            if (_isJavaScript)
                Take("...");
            arguments.Add(Expression());
            if (!Take(","))
                break;
            if (Is(")") && !_isJavaScript)
                throw Unexpected();
        }
        Expect(")");
        return arguments;
    }

    private CodeNode Primary()
    {
        var first = _at;
        switch (Kind)
        {
            case CodeTokenKind.Text:
                _at++;
                return _isJavaScript || Current is not "''" ? new(CodeNodeKind.Text, first, first, null) : throw Unexpected();
            case CodeTokenKind.Number:
                _at++;
                return new(CodeNodeKind.Other, first, first, null);
            case CodeTokenKind.Name when Current == "new":
                return Creation();
            case CodeTokenKind.Name when _isJavaScript && Current is "function" or "async":
                return Function();
            case CodeTokenKind.Name:
                // int.class, int[]::new and (int) have a keyword for a name.
                var isType = !_isJavaScript && IsPrimitive(Current) && TextOf(_at + 1) is "." or "[" or ")";
                if (!isType && (_isJavaScript ? s_javaScriptKeywords : s_javaKeywords).Contains(Current))
                    throw Unexpected();
                var isLiteral = Current is "true" or "false" or "null" or "this" or "super";
                _at++;
                return new(isLiteral ? CodeNodeKind.Other : CodeNodeKind.Name, first, first, null);
            case CodeTokenKind.Operator when Take("("):
                var inner = Expression();
                while (_isJavaScript && Take(","))
                    Expression();
                Expect(")");
                return Joined(first, "(", inner, ")");
            case CodeTokenKind.Operator when _isJavaScript && Is("["):
                return Elements();
            case CodeTokenKind.Operator when _isJavaScript && Is("{"):
                return Entries();
            default:
                throw Unexpected();
        }
    }

    private static bool IsPrimitive(string name) =>
        name is "boolean" or "byte" or "char" or "double" or "float" or "int" or "long" or "short" or "void";

    // new Name<...>(...) with or without a body, and new name[]{...}.
    private CodeNode Creation()
    {
        var first = _at++;
        if (_isJavaScript)
        {
            if (++_depth > NoCallException.MaxDepth)
                throw NoCallException.TooDeep();
            var target = Primary();
            _depth--;
            while (Take("."))
                _ = Kind == CodeTokenKind.Name ? _at++ : throw Unexpected();
            if (Is("("))
                Arguments();
            return new(target.Kind == CodeNodeKind.Creation ? CodeNodeKind.Other : CodeNodeKind.Creation, first, _at - 1, null);
        }
        var type = Type();
        if (Is("("))
        {
            var arguments = string.Join(", ", Arguments().Select(Text));
            var body = "";
            if (Is("{"))
            {
                body = " " + _source[_tokens[_at].Start.._tokens[_tokens[_at].Partner].End];
                _at = _tokens[_at].Partner + 1;
            }
            return new(CodeNodeKind.Creation, first, _at - 1, $"new {type}({arguments}){(_keepsBodies ? body : "")}");
        }
        if (!Is("["))
            throw Unexpected();
        while (Take("["))
            if (!Take("]"))
                throw new NoCallException("an array has a length but no values");
        return new(CodeNodeKind.Creation, first, _at - 1, $"new {type}[]{Initializer()}");
    }

    private string Initializer()
    {
        var text = new System.Text.StringBuilder("{");
        Expect("{");
        while (!Is("}"))
        {
            text.Append(Is("{") ? Initializer() : Text(Expression()));
            if (!Take(","))
                break;
            text.Append(',');
        }
        Expect("}");
        return text.Append('}').ToString();
    }

    private string Type()
    {
        var first = _at;
        do
        {
            if (Kind != CodeTokenKind.Name || (s_javaKeywords.Contains(Current) && !IsPrimitive(Current)))
                throw Unexpected();
            _at++;
            if (Is("<"))
                TypeArguments();
        }
        while (Take("."));
        return Tokens(first, _at);
    }

    private void TypeArguments()
    {
        for (var open = 0; ; _at++)
        {
            if (Is("<"))
                open++;
            else if (Is(">"))
                open--;
            else if (Kind != CodeTokenKind.Name && !Is(",") && !Is("?") && !Is(".") && !Is("[") && !Is("]") && !Is("&"))
                throw Unexpected();
            if (open == 0)
            {
                _at++;
                return;
            }
        }
    }

    private CodeNode Function()
    {
        var first = _at;
        if (IsName("async") && TextOf(_at + 1) != "function")
        {
            _at++;
            return new(CodeNodeKind.Name, first, first, null);
        }
        _at += IsName("async") ? 2 : 1;
        Take("*");
        if (Kind == CodeTokenKind.Name)
            _at++;
        SkipBrackets("(");
        SkipBrackets("{");
        return new(CodeNodeKind.Other, first, _at - 1, null);
    }

    private void SkipBrackets(string open) => _at = Is(open) ? _tokens[_at].Partner + 1 : throw Unexpected();

    private CodeNode Elements()
    {
        var first = _at;
        Expect("[");
        while (!Is("]"))
        {
            if (Take(","))
                continue;
            Take("...");
            Expression();
            if (!Is("]"))
                Expect(",");
        }
        Expect("]");
        return new(CodeNodeKind.Other, first, _at - 1, null);
    }

    private CodeNode Entries()
    {
        var first = _at;
        Expect("{");
        while (!Is("}"))
        {
            if (Take("..."))
                Expression();
            else
            {
                if (Is("["))
                    SkipBrackets("[");
                else if (Kind is CodeTokenKind.Name or CodeTokenKind.Text or CodeTokenKind.Number)
                    _at++;
                else
                    throw Unexpected();
                if (Kind == CodeTokenKind.Name)
                    _at++;
                if (Is("("))
                {
                    SkipBrackets("(");
                    SkipBrackets("{");
                }
                else if (Take(":") || Take("="))
                    Expression();
                else if (!Is(",") && !Is("}"))
                    throw Unexpected();
            }
            if (!Is("}"))
                Expect(",");
        }
        Expect("}");
        return new(CodeNodeKind.Other, first, _at - 1, null);
    }
}
